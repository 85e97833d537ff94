package main

import (
	"reflect"
	"slices"
	"time"

	"github.com/alecthomas/kong"

	"github.com/slaunchx/apikeys/config"
)

// typed returns the options that read settings which are more than text: what
// cannot be read becomes a fault beside all others, where kong would stop.
func (in *inputs) typed() []kong.Option {
	defaults := kong.NewRegistry().RegisterDefaults()
	boolean := reflect.TypeFor[bool]()
	options := []kong.Option{kong.TypeMapper(boolean, boolMapper{in.collecting(defaults.ForType(boolean))})}
	for _, t := range []reflect.Type{reflect.TypeFor[time.Duration](), reflect.TypeFor[int]()} {
		options = append(options, kong.TypeMapper(t, in.collecting(defaults.ForType(t))))
	}
	return options
}

func (in *inputs) collecting(mapper kong.Mapper) kong.Mapper {
	return kong.MapperFunc(func(ctx *kong.DecodeContext, target reflect.Value) error {
		err := mapper.Decode(ctx, target)
		if err == nil || len(ctx.Value.Tag.Envs) == 0 {
			return err
		}
		f := config.Fault{Variable: ctx.Value.Tag.Envs[0], Problem: "cannot be read: " + err.Error()}
		if !slices.Contains(in.faults, f) { // kong reads a variable twice
			in.faults = append(in.faults, f)
		}
		return nil
	})
}

// boolMapper reads what may be a flag without a value.
type boolMapper struct{ kong.Mapper }

// IsBool implements kong.BoolMapper.
func (boolMapper) IsBool() bool { return true }
