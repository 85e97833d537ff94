package main

import (
	"cmp"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"time"

	"github.com/alecthomas/kong"

	"github.com/slaunchx/apikeys/config"
)

// typed returns the options that make kong parse every value with [config.Parse].
func (in *inputs) typed() []kong.Option {
	decode := kong.MapperFunc(in.decode)
	options := []kong.Option{kong.TypeMapper(reflect.TypeFor[bool](), boolMapper{decode})}
	for _, t := range []reflect.Type{
		reflect.TypeFor[string](), reflect.TypeFor[config.Secret](), reflect.TypeFor[int](),
		reflect.TypeFor[time.Duration](), reflect.TypeFor[[]string](),
	} {
		options = append(options, kong.TypeMapper(t, decode))
	}
	return options
}

// decode implements kong.Mapper. It collects the errors of settings, because kong would
// stop at the first one and show its value.
func (in *inputs) decode(ctx *kong.DecodeContext, target reflect.Value) error {
	err := decode(ctx, target)
	if err == nil || !isSetting(ctx.Value) {
		return err
	}
	f := config.Fault{Variable: ctx.Value.Tag.Envs[0], Problem: err.Error()}
	if !slices.Contains(in.faults, f) { // kong decodes a variable once for each command that uses it
		in.faults = append(in.faults, f)
	}
	return nil
}

func decode(ctx *kong.DecodeContext, target reflect.Value) error {
	if target.Kind() == reflect.Bool && ctx.Scan.Peek().Type != kong.FlagValueToken {
		target.SetBool(true)
		return nil
	}
	token, err := ctx.Scan.PopValue("value")
	if err != nil {
		return err
	}
	text := fmt.Sprint(token.Value)
	if text == "" && !isSetting(ctx.Value) {
		return errors.New("is empty; write a value, or omit the flag")
	}
	if text = cmp.Or(text, ctx.Value.Default); text == "" { // an empty setting counts as unset
		target.SetZero()
		return nil
	}
	value := reflect.New(target.Type())
	if err := config.Parse(text, value.Interface()); err != nil {
		return err
	}
	if target.Kind() == reflect.Slice { // a flag may be repeated
		target.Set(reflect.AppendSlice(target, value.Elem()))
		return nil
	}
	target.Set(value.Elem())
	return nil
}

// isSetting reports whether a variable sets value.
func isSetting(value *kong.Value) bool { return len(value.Tag.Envs) > 0 }

// boolMapper decodes a flag that needs no value.
type boolMapper struct{ kong.Mapper }

// IsBool implements kong.BoolMapper.
func (boolMapper) IsBool() bool { return true }
