package helm

import (
	"reflect"
	"text/template"
	"time"

	"github.com/Masterminds/sprig/v3"
)

// randomFunctions give another result on each call: by chance, by the clock, or by a salt.
var randomFunctions = []string{
	"randAlphaNum", "randAlpha", "randAscii", "randNumeric", "randBytes", "randInt", "shuffle", "uuidv4",
	"genPrivateKey", "genCA", "genCAWithKey", "genSelfSignedCert", "genSelfSignedCertWithKey", "genSignedCert",
	"genSignedCertWithKey", "htpasswd", "bcrypt", "encryptAES", "now", "ago",
}

// dateFunctions take the clock where their date is of a type they do not know.
var dateFunctions = map[string]int{"date": 1, "dateInZone": 1, "date_in_zone": 1, "htmlDate": 0, "htmlDateInZone": 0}

// watchRandom wraps those functions so that a call, not a mere mention, sets used.
func watchRandom(used *bool) template.FuncMap {
	all, watched := sprig.TxtFuncMap(), template.FuncMap{}
	for _, name := range randomFunctions {
		if fn, ok := all[name]; ok {
			watched[name] = wrap(fn, func([]reflect.Value) { *used = true })
		}
	}
	for name, arg := range dateFunctions {
		fn, ok := all[name]
		if !ok {
			continue
		}
		watched[name] = wrap(fn, func(args []reflect.Value) {
			if arg < len(args) && !isDate(args[arg]) {
				*used = true
			}
		})
	}
	return watched
}

func wrap(fn any, before func([]reflect.Value)) any {
	value := reflect.ValueOf(fn)
	return reflect.MakeFunc(value.Type(), func(args []reflect.Value) []reflect.Value {
		before(args)
		if value.Type().IsVariadic() {
			return value.CallSlice(args)
		}
		return value.Call(args)
	}).Interface()
}

func isDate(value reflect.Value) bool {
	if !value.IsValid() || !value.CanInterface() {
		return false
	}
	switch value.Interface().(type) {
	case time.Time, *time.Time, int64, int, int32:
		return true
	}
	return false
}
