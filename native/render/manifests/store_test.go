package manifests

import (
	"fmt"
	"strings"
	"testing"
)

func TestStore(t *testing.T) {
	object := func(text string) Parsed {
		return Parsed{Objects: []Object{{JSON: []byte(text), File: "a.yaml", Line: 3}}}
	}

	t.Run("tells parsers and blobs apart", func(t *testing.T) {
		store := NewStore()
		store.Put("yaml", "1", object(`{"a":1}`))
		store.Put("flux", "1", object(`{"a":2}`))
		found, ok := store.Get("yaml", "1")
		if _, other := store.Get("yaml", "2"); !ok || other || string(found.Objects[0].JSON) != `{"a":1}` {
			t.Fatalf("found %v %v", found, ok)
		}
	})

	t.Run("keeps no place, and gives the place that is asked for", func(t *testing.T) {
		store := NewStore()
		kept := store.Put("yaml", "1", object(`{"a":1}`))
		at := kept.In("b.yaml")
		if kept.Objects[0].File != "" || at[0].File != "b.yaml" || at[0].Line != 3 {
			t.Fatalf("kept %v, placed %v", kept, at)
		}
	})

	t.Run("drops what was used longest ago, and never grows beyond its bound", func(t *testing.T) {
		store := NewStore()
		large := strings.Repeat("x", maxStoredBytes/4)
		for i := range 5 {
			store.Get("yaml", "0")
			store.Put("yaml", fmt.Sprint(i), object(large))
		}
		_, first := store.Get("yaml", "0")
		_, second := store.Get("yaml", "1")
		if !first || second || store.size > maxStoredBytes {
			t.Fatalf("first %v, second %v, size %d", first, second, store.size)
		}
	})

	t.Run("does not keep what is larger than all of it", func(t *testing.T) {
		store := NewStore()
		store.Put("yaml", "1", object(`{"a":1}`))
		store.Put("yaml", "2", object(strings.Repeat("x", maxStoredBytes+1)))
		if _, ok := store.Get("yaml", "1"); !ok || store.order.Len() != 1 {
			t.Fatalf("%d entries", store.order.Len())
		}
	})
}

func TestDigest(t *testing.T) {
	base := Object{JSON: []byte(`{"a":1}`), File: "a.yaml", Line: 1}
	kept := NewStore().Put("yaml", "1", Parsed{Objects: []Object{base}}).In("a.yaml")[0]
	cases := map[string]struct {
		other Object
		same  bool
	}{
		"is the same for the same text and place": {Object{JSON: []byte(`{"a":1}`), File: "a.yaml", Line: 1}, true},
		"is the same whether it was kept or not":  {kept, true},
		"differs with the text":                   {Object{JSON: []byte(`{"a":2}`), File: "a.yaml", Line: 1}, false},
		"differs with the file":                   {Object{JSON: []byte(`{"a":1}`), File: "b.yaml", Line: 1}, false},
		"differs with the line":                   {Object{JSON: []byte(`{"a":1}`), File: "a.yaml", Line: 2}, false},
		"differs where the name ends as lines do": {Object{JSON: []byte(`{"a":1}`), File: "a.yaml1", Line: 0}, false},
		"differs where an object has no place":    {Object{JSON: []byte(`{"a":1}`)}, false},
	}
	for sentence, c := range cases {
		t.Run(sentence, func(t *testing.T) {
			if got := base.Digest() == c.other.Digest(); got != c.same || len(base.Digest()) != DigestLength {
				t.Fatalf("%s and %s", base.Digest(), c.other.Digest())
			}
		})
	}
}
