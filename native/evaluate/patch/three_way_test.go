package patch

import (
	"encoding/json"
	"strings"
	"testing"

	"weir.dev/native/evaluate/wire"
)

func deployment(spec string) string {
	return `{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"web","namespace":"shop"},"spec":` + spec + `}`
}

func containers(list string) string {
	return deployment(`{"template":{"spec":{"containers":[` + list + `]}}}`)
}

func gadget(spec string) string {
	return `{"apiVersion":"example.com/v1","kind":"Gadget","metadata":{"name":"g"},"spec":` + spec + `}`
}

func shown(result wire.PatchResult) string {
	if result.Error != nil {
		return result.Error.Code + " " + result.Error.Message
	}
	text := result.PatchType + " " + string(result.Patch)
	if result.Merged != nil {
		text += " -> " + string(result.Merged)
	}
	return text
}

func TestThreeWay(t *testing.T) {
	cases := map[string]struct {
		run  wire.PatchRun
		says string
	}{
		"a built-in kind merges lists by their key": {
			wire.PatchRun{
				Original: json.RawMessage(containers(`{"name":"a","image":"a:1"},{"name":"gone","image":"g:1"}`)),
				Modified: json.RawMessage(containers(`{"name":"a","image":"a:2"}`)),
				Current:  json.RawMessage(containers(`{"name":"a","image":"a:1","terminationMessagePath":"/x"},{"name":"gone","image":"g:1"},{"name":"sidecar","image":"s:1"}`)),
				Merge:    true,
			},
			`strategic {"spec":{"template":{"spec":{"$setElementOrder/containers":[{"name":"a"}],"containers":[{"image":"a:2","name":"a"},{"$patch":"delete","name":"gone"}]}}}}` +
				` -> ` + containersMerged,
		},
		"another kind replaces lists": {
			wire.PatchRun{
				Original: json.RawMessage(gadget(`{"a":1,"b":2,"l":[1]}`)),
				Modified: json.RawMessage(gadget(`{"a":1,"l":[2]}`)),
				Current:  json.RawMessage(gadget(`{"a":1,"b":2,"l":[1,3],"foreign":true}`)),
				Merge:    true,
			},
			`merge {"spec":{"b":null,"l":[2]}} -> {"apiVersion":"example.com/v1","kind":"Gadget","metadata":{"name":"g"},"spec":{"a":1,"foreign":true,"l":[2]}}`,
		},
		"nothing changes where only others changed": {
			wire.PatchRun{Original: json.RawMessage(gadget(`{"a":1}`)), Modified: json.RawMessage(gadget(`{"a":1}`)), Current: json.RawMessage(gadget(`{"a":1,"b":2}`))},
			`merge `,
		},
		"nothing is removed without a record": {
			wire.PatchRun{Modified: json.RawMessage(gadget(`{"a":1}`)), Current: json.RawMessage(gadget(`{"b":2}`))},
			`merge {"spec":{"a":1}}`,
		},
		"null is no record": {
			wire.PatchRun{Original: json.RawMessage("null"), Modified: json.RawMessage(deployment(`{"replicas":2}`)), Current: json.RawMessage(deployment(`{"replicas":1}`))},
			`strategic {"spec":{"replicas":2}}`,
		},
		"the record is written as kubectl writes it": {
			wire.PatchRun{Modified: json.RawMessage(gadget(`{"a":"<b>"}`)), Current: json.RawMessage(gadget(`{"a":"<b>"}`)), Annotate: true},
			`merge {"metadata":{"annotations":{"kubectl.kubernetes.io/last-applied-configuration":"{\"apiVersion\":\"example.com/v1\",\"kind\":\"Gadget\",\"metadata\":{\"annotations\":{},\"name\":\"g\"},\"spec\":{\"a\":\"\\u003cb\\u003e\"}}\n"}}}`,
		},
		"another name is refused": {
			wire.PatchRun{Modified: json.RawMessage(gadget(`{}`)), Current: json.RawMessage(strings.Replace(gadget(`{}`), `"g"`, `"h"`, 1))},
			`EVALUATION_FAILED three-way patch on Gadget g: apiVersion, kind and name of an object cannot be changed by a patch`,
		},
		"what is no object is refused": {
			wire.PatchRun{Modified: json.RawMessage(`[]`), Current: json.RawMessage(gadget(`{}`))},
			`EVALUATION_FAILED three-way patch on an object: modified is no JSON object`,
		},
		"nothing is live": {
			wire.PatchRun{Modified: json.RawMessage(gadget(`{}`))},
			`EVALUATION_FAILED three-way patch: current is no JSON object`,
		},
		"a Secret's reason is withheld": {
			wire.PatchRun{
				Modified: json.RawMessage(`{"apiVersion":"v1","kind":"Secret","metadata":{"name":"s"},"data":{"a":"aHVudGVyMg=="}}`),
				Current:  json.RawMessage(`{"apiVersion":"v1","kind":"Secret","metadata":"hunter2"}`),
			},
			`strategic `,
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			if got := shown(ThreeWay(c.run)); !strings.HasPrefix(got, c.says) {
				t.Errorf("got      %s\nexpected %s", got, c.says)
			}
		})
	}
}

const containersMerged = `{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"web","namespace":"shop"},"spec":{"template":{"spec":{"containers":[{"image":"a:2","name":"a","terminationMessagePath":"/x"},{"image":"s:1","name":"sidecar"}]}}}}`
