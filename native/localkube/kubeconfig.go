package main

import (
	"encoding/base64"
	"fmt"
	"os"
	"strconv"

	"github.com/spf13/pflag"
)

// kubeconfigInput is all that a kubeconfig says.
type kubeconfigInput struct {
	clusterName, server, user string
	authority                 []byte
	client                    keyPair
}

// renderKubeconfig writes a kubeconfig with everything inside, so that the file can be moved and stored
// in a Secret. Strings are quoted: a user name may hold a colon.
func renderKubeconfig(in kubeconfigInput) []byte {
	encode := base64.StdEncoding.EncodeToString
	return fmt.Appendf(nil, `apiVersion: v1
kind: Config
clusters:
- name: %[1]s
  cluster:
    server: %[2]s
    certificate-authority-data: %[3]s
users:
- name: %[4]s
  user:
    client-certificate-data: %[5]s
    client-key-data: %[6]s
contexts:
- name: %[1]s
  context:
    cluster: %[1]s
    user: %[4]s
current-context: %[1]s
`, strconv.Quote(in.clusterName), strconv.Quote(in.server), encode(in.authority),
		strconv.Quote(in.user), encode(in.client.certificate), encode(in.client.key))
}

func commandKubeconfig(args []string) error {
	var o options
	c, err := o.parseNamed(args, func(flags *pflag.FlagSet) {
		flags.StringVar(&o.user, "user", "", "common name of a new client certificate")
		flags.StringArrayVar(&o.groups, "group", nil, "group (O) of the new client certificate")
	})
	if err != nil {
		return err
	}
	if o.user == "" && len(o.groups) > 0 {
		return usagef("--group needs --user")
	}
	s, err := c.requireSettings()
	if err != nil {
		return err
	}
	if o.user == "" {
		text, err := os.ReadFile(c.kubeconfig())
		if err != nil {
			return err
		}
		_, err = os.Stdout.Write(text)
		return err
	}
	ca, certificate, err := c.readAuthority()
	if err != nil {
		return err
	}
	pair, err := ca.issueClient(o.user, o.groups)
	if err != nil {
		return err
	}
	_, err = os.Stdout.Write(renderKubeconfig(kubeconfigInput{c.name, c.server(s), o.user, certificate, pair}))
	return err
}
