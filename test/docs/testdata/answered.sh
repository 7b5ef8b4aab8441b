# A Waymark with TLS, for the commands that ask one.
cat > waymark.yaml <<'EOF'
listen: "127.0.0.1:8080"
tls: {listen: "127.0.0.1:8443", cert_file: tls.pem, key_file: tls.key}
ops: {listen: "127.0.0.1:9090"}
state_dir: state
providers:
  mine:
    name: Example Mail
    services:
      - {protocol: imap, host: mail.example.org}
      - {protocol: submission, host: mail.example.org}
domains:
  example.org: {provider: mine}
EOF
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 90 -subj /CN=waymark.example.org \
  -addext 'subjectAltName=DNS:waymark.example.org,DNS:autoconfig.example.org,DNS:autodiscover.example.org' \
  -keyout tls.key -out tls.pem 2> openssl.log
waymark serve 2> waymark.log
