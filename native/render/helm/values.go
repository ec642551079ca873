package helm

import (
	"bytes"
	"encoding/json"
	"path"
	"strings"

	"helm.sh/helm/v4/pkg/chart/v2/loader"
	"helm.sh/helm/v4/pkg/strvals"

	"weir.dev/native/render/manifests"
	"weir.dev/native/render/snapshot"
	"weir.dev/native/render/wire"
)

// values merges what overrides the chart's own values: files, then the inline values, then the parameters.
type values struct {
	files *snapshot.Reader
	root  string
}

func (v values) merge(options wire.HelmOptions) (map[string]any, error) {
	merged := map[string]any{}
	names, err := v.valueFiles(options)
	if err != nil {
		return nil, err
	}
	for _, name := range names {
		data, err := v.files.ReadFile(name)
		if err != nil {
			return nil, err
		}
		if merged, err = mergeYAML(merged, data); err != nil {
			return nil, wire.Fail(wire.ValuesInvalid, "failed to parse %s: %v", name, err).At(name, manifests.SyntaxLine(data))
		}
	}
	inline := []byte(options.Values)
	if hasObject(options.ValuesObject) {
		inline = options.ValuesObject
	}
	if merged, err = mergeYAML(merged, inline); err != nil {
		return nil, wire.Fail(wire.ValuesInvalid, "failed to parse the inline values: %v", err)
	}
	return merged, v.parameters(merged, options)
}

func hasObject(raw json.RawMessage) bool { return len(raw) > 0 && !bytes.Equal(raw, []byte("null")) }

func mergeYAML(base map[string]any, data []byte) (map[string]any, error) {
	if len(bytes.TrimSpace(data)) == 0 {
		return base, nil
	}
	more, err := loader.LoadValues(bytes.NewReader(data))
	if err != nil {
		return nil, err
	}
	return loader.MergeMaps(base, more), nil
}

// valueFiles resolves the entries to repository paths. A glob gives its matches in byte order, but a file that is spelt out
// anywhere keeps that place and is left out of every glob; no file comes twice.
func (v values) valueFiles(options wire.HelmOptions) ([]string, error) {
	explicit := map[string]bool{}
	for _, entry := range options.ValueFiles {
		if !snapshot.HasGlob(entry) {
			explicit[v.locate(entry)] = true
		}
	}
	var names []string
	seen := map[string]bool{}
	for _, entry := range options.ValueFiles {
		found, err := v.expand(entry, options.IgnoreMissingValueFiles)
		if err != nil {
			return nil, err
		}
		for _, name := range found {
			if seen[name] && snapshot.HasGlob(entry) || snapshot.HasGlob(entry) && explicit[name] {
				continue
			}
			seen[name] = true
			names = append(names, name)
		}
	}
	return names, nil
}

// locate reads an entry as a path relative to the chart, or to the repository where it begins with a slash.
func (v values) locate(entry string) string {
	if strings.HasPrefix(entry, "/") {
		return strings.TrimPrefix(entry, "/")
	}
	return v.root + "/" + entry
}

func (v values) expand(entry string, ignoreMissing bool) ([]string, error) {
	if strings.Contains(entry, "://") {
		return nil, wire.Fail(wire.RemoteRefused, "values file %q is remote and not fetched; put it into the repository", entry)
	}
	name := v.locate(entry)
	if !snapshot.HasGlob(entry) {
		info, err := v.files.Stat(name)
		switch {
		case err == nil && info.IsDir:
			return nil, wire.Fail(wire.ValuesInvalid, "values file %q is a directory", entry).At(info.Path, 0)
		case snapshot.NotExist(err) && ignoreMissing:
			return nil, nil
		case snapshot.NotExist(err):
			return nil, missing(entry)
		case err != nil:
			return nil, err
		}
		return []string{name}, nil
	}
	found, err := v.files.Glob(path.Clean("/" + name)[1:])
	if err != nil {
		return nil, wire.Fail(wire.ValuesInvalid, "values file pattern %q is malformed: %v", entry, err)
	}
	if len(found) == 0 && !ignoreMissing {
		return nil, missing(entry)
	}
	return found, nil
}

func missing(entry string) error {
	return wire.Fail(wire.ValuesFileMissing, "open %s: no such file or directory", entry)
}

// parameters applies --set, then --set-string, then --set-file, each in the given order.
func (v values) parameters(base map[string]any, options wire.HelmOptions) error {
	for _, parameter := range options.Parameters {
		if parameter.ForceString {
			continue
		}
		if err := strvals.ParseInto(parameter.Name+"="+escapeCommas(parameter.Value), base); err != nil {
			return wire.Fail(wire.ValuesInvalid, "failed parsing --set data: %v", err)
		}
	}
	for _, parameter := range options.Parameters {
		if !parameter.ForceString {
			continue
		}
		if err := strvals.ParseIntoString(parameter.Name+"="+escapeCommas(parameter.Value), base); err != nil {
			return wire.Fail(wire.ValuesInvalid, "failed parsing --set-string data: %v", err)
		}
	}
	for _, parameter := range options.FileParameters {
		read := func(name []rune) (any, error) {
			data, err := v.files.ReadFile(v.locate(string(name)))
			return string(data), err
		}
		if err := strvals.ParseIntoFile(parameter.Name+"="+parameter.Path, base, read); err != nil {
			failure := wire.AsFailure(err, wire.ValuesInvalid)
			if failure.Code == wire.ValuesInvalid {
				failure.Message = "failed parsing --set-file data: " + err.Error()
			}
			return failure
		}
	}
	return nil
}

// escapeCommas keeps a comma of a value from starting the next pair, but leaves helm's list syntax alone, as Argo CD does.
func escapeCommas(value string) string {
	if strings.HasPrefix(value, "{") && strings.HasSuffix(value, "}") {
		return value
	}
	var out strings.Builder
	for i, char := range value {
		if char == ',' && (i == 0 || value[i-1] != '\\') {
			out.WriteByte('\\')
		}
		out.WriteRune(char)
	}
	return out.String()
}
