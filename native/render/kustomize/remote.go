package kustomize

import (
	"errors"
	"net/http"
	"path"
	"regexp"
	"strings"

	"sigs.k8s.io/yaml"

	"weir.dev/native/render/wire"
)

// bases are the fields of a kustomization whose entries kustomize takes for a URL where they look like one.
type bases struct {
	Resources    []string          `json:"resources"`
	Bases        []string          `json:"bases"`
	Components   []string          `json:"components"`
	Generators   []string          `json:"generators"`
	Transformers []string          `json:"transformers"`
	Validators   []string          `json:"validators"`
	Crds         []string          `json:"crds"`
	OpenAPI      map[string]string `json:"openapi"`
}

// refuseRemotes finds the bases that kustomize would clone or download. A kustomization that does not parse passes: kustomize
// says what is wrong with it.
func (t *treeFS) refuseRemotes(name string, data []byte) error {
	var k bases
	if yaml.Unmarshal(data, &k) != nil {
		return nil
	}
	for _, list := range [][]string{k.Resources, k.Bases, k.Components, k.Generators, k.Transformers, k.Validators, k.Crds, {k.OpenAPI["path"]}} {
		for _, entry := range list {
			if isRemote(entry) || (scpLike.MatchString(entry) && !t.Exists(path.Join(path.Dir(name), entry))) {
				file, _ := t.inside("open", name)
				refused := wire.Fail(wire.RemoteBaseRefused, "remote base %q is not fetched; put it into the repository", redactURL(entry)).At(file, 0)
				if t.refused == nil {
					t.refused = refused
				}
				return refused
			}
		}
	}
	return nil
}

var (
	scpLike     = regexp.MustCompile(`^[a-zA-Z][a-zA-Z0-9-]*@[^/]+[:/]`)
	credentials = regexp.MustCompile(`//[^/@]*@`)
)

// isRemote follows kustomize's own reading of a base: a scheme, the forced git prefix, or a GitHub address without either.
func isRemote(entry string) bool {
	text := strings.ToLower(strings.TrimSpace(entry))
	for _, prefix := range []string{"git::", "gh:", "ssh://", "https://", "http://", "file://", "git@", "github.com/", "github.com:", "www.github.com/"} {
		if strings.HasPrefix(text, prefix) {
			return true
		}
	}
	return false
}

func redactURL(text string) string { return credentials.ReplaceAllString(text, "//***@") }

// errNoNetwork answers every HTTP request of this process.
var errNoNetwork = errors.New("no network in the render process")

type noNetwork struct{}

func (noNetwork) RoundTrip(*http.Request) (*http.Response, error) { return nil, errNoNetwork }

// DisableNetwork makes Go's default HTTP client, the one kustomize downloads with, refuse everything.
func DisableNetwork() { http.DefaultTransport = noNetwork{} }
