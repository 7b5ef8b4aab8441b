package config

func readTLS(r *reader, v value, f *file) {
	f.TLS = &TLS{Listen: ":443"}
	short := TLSFiles{Key: v.path, Line: v.node.Line}
	if !readBlock(r, v, []field[TLS]{
		{"listen", func(r *reader, v value, t *TLS) { r.listen(v, &t.Listen) }},
		{"cert_file", func(r *reader, v value, _ *TLS) { r.path(v, &short.CertFile) }},
		{"key_file", func(r *reader, v value, _ *TLS) { r.path(v, &short.KeyFile) }},
		{"files", readTLSFiles},
		{"acme", readACME},
	}, f.TLS) {
		return
	}
	isShort := v.has("cert_file") || v.has("key_file")
	switch {
	case isShort && v.has("files"):
		r.refuse(v.at("files"), "contradicts cert_file and key_file; list that pair here, too")
	case isShort || !v.has("files") && !v.has("acme"):
		r.need(v, "cert_file", "key_file")
		f.TLS.Files = []TLSFiles{short}
	}
}

// mostTLSFiles bounds the pairs, which are all read at each reload.
const mostTLSFiles = 10_000

func readTLSFiles(r *reader, v value, t *TLS) {
	const want = "a list of certificates such as [{cert_file: tls.pem, key_file: tls.key}]"
	if !r.items(v, want, func(v value) {
		pair := TLSFiles{Key: v.path, Line: v.node.Line}
		if readBlock(r, v, []field[TLSFiles]{
			{"cert_file", func(r *reader, v value, p *TLSFiles) { r.path(v, &p.CertFile) }},
			{"key_file", func(r *reader, v value, p *TLSFiles) { r.path(v, &p.KeyFile) }},
		}, &pair) {
			r.need(v, "cert_file", "key_file")
		}
		t.Files = append(t.Files, pair)
	}) {
		return
	}
	if n := len(t.Files); n == 0 || n > mostTLSFiles {
		r.refuse(v, "must have from 1 to %d certificates, has %d", mostTLSFiles, n)
	}
}
