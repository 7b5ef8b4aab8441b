package main

import (
	"fmt"
	"net"
	"net/http"
	"time"

	"github.com/spf13/cobra"
)

func healthcheckCommand(env environment) *cobra.Command {
	var file, address string
	cmd := &cobra.Command{
		Use:   "healthcheck",
		Short: "Asks a running Waymark on this machine whether it takes requests",
		Long:  "Asks the ops listener of the settings for /readyz. Ends with 0 when it answers, else with 1,\nas the health checks of containers want it.",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if address == "" {
				source, err := findSettings(file, env)
				if err != nil {
					return err
				}
				cfg, err := source.mustLoad()
				if err != nil {
					return err
				}
				address = cfg.Ops.Listen
			}
			url, err := readyURL(address)
			if err != nil {
				return err
			}
			req, err := http.NewRequestWithContext(cmd.Context(), http.MethodGet, url, nil)
			if err != nil {
				return err
			}
			resp, err := (&http.Client{Timeout: 3 * time.Second}).Do(req)
			if err != nil {
				return unhealthy(env, err.Error())
			}
			if err := resp.Body.Close(); err != nil {
				return unhealthy(env, err.Error())
			}
			if resp.StatusCode != http.StatusOK {
				return unhealthy(env, resp.Status)
			}
			return nil
		},
	}
	configFlag(cmd, &file)
	cmd.Flags().StringVar(&address, "address", "", "the `HOST:PORT` of the ops listener, instead of the one in the settings")
	return cmd
}

// readyURL turns the address something listens on into one to connect to.
func readyURL(listen string) (string, error) {
	host, port, err := net.SplitHostPort(listen)
	if err != nil {
		return "", fmt.Errorf("there is no ops listener to ask: %q is not an address such as 127.0.0.1:9090", listen)
	}
	if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
		host = "localhost"
	}
	return "http://" + net.JoinHostPort(host, port) + "/readyz", nil
}

func unhealthy(env environment, why string) error {
	if _, err := fmt.Fprintf(env.stdout, "not healthy: %s\n", why); err != nil {
		return err
	}
	return errFindings
}
