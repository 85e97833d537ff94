package config_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"reflect"
	"strings"
	"testing"

	"github.com/slaunchx/apikeys/config"
)

const marked = "hunter2-hunter2"

// leaky returns an invalid configuration, all of whose secrets contain the mark.
func leaky() config.Config {
	c := config.Default()
	c.InternalAddr = ":8081"
	secrets := reflect.TypeFor[config.Secret]()
	v := reflect.ValueOf(&c).Elem()
	for i := range v.NumField() {
		if v.Field(i).Type() == secrets {
			v.Field(i).SetString("postgres://user:" + marked + "%@host/\x01")
		}
	}
	return c
}

func TestConfig_ShowsNoSecretHoweverItIsPrinted(t *testing.T) {
	t.Parallel()
	c := leaky()
	var logged bytes.Buffer
	slog.New(slog.NewJSONHandler(&logged, nil)).Info("start", "config", c, "peppers", c.Peppers)
	slog.New(slog.NewTextHandler(&logged, nil)).Info("start", "config", c, "peppers", c.Peppers)
	marshalled, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	printed := map[string]string{
		"by slog":     logged.String(),
		"as JSON":     string(marshalled),
		"as faults":   fmt.Sprint(c.Validate()),
		"by String":   c.Peppers.String(),
		"by GoString": c.Peppers.GoString(),
	}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
		printed["by "+verb] = fmt.Sprintf(verb+verb, c, c.Peppers)
	}
	for how, text := range printed {
		if strings.Contains(text, marked) || strings.Contains(text, fmt.Sprintf("%x", marked)) {
			t.Errorf("%s it shows a secret: %s", how, text)
		}
		if text == "" {
			t.Errorf("%s it shows nothing at all", how)
		}
	}
}

func TestSecret_ShowsWhetherItIsSet(t *testing.T) {
	t.Parallel()
	if got := fmt.Sprint(config.Secret("")); got != "" {
		t.Errorf("an empty secret is shown as %q", got)
	}
	if got := fmt.Sprint(config.Secret("x")); got != "[redacted]" {
		t.Errorf("a secret is shown as %q", got)
	}
	if got := config.Secret("x").Reveal(); got != "x" {
		t.Errorf("Reveal gives %q", got)
	}
}
