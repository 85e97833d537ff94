package main

import (
	"errors"
	"os"
	"strings"

	"github.com/alecthomas/kong"

	"github.com/slaunchx/apikeys/config"
)

const fileSuffix = "_FILE"

// inputs records which settings were set by flags and variables, and their faults. As a
// kong resolver it also reads secrets from files. kong would stop at the first fault;
// inputs collects them so that all are shown at once.
type inputs struct {
	set    map[string]bool // by variable: it is not empty, or set by a flag or file
	faults config.Faults
}

// Validate accepts every command line, because [inputs.judge] reports the faults.
func (in *inputs) Validate(*kong.Application) error { return nil }

// Resolve returns the content of a secret's file, if one is set.
func (in *inputs) Resolve(_ *kong.Context, _ *kong.Path, flag *kong.Flag) (any, error) {
	if !isSecret(flag) {
		return nil, nil
	}
	variable := variableOf(flag)
	path := os.Getenv(variable + fileSuffix)
	if path == "" {
		return nil, nil
	}
	if os.Getenv(variable) != "" {
		in.fault(variable, "is set together with "+variable+fileSuffix+"; unset one of the two")
		return nil, nil
	}
	if err := config.Parse(path, new(string)); err != nil {
		in.fault(variable, "cannot be read from "+variable+fileSuffix+", which "+err.Error())
		return nil, nil
	}
	content, err := readSecretFile(path)
	if err != nil {
		in.fault(variable, "cannot be read from "+variable+fileSuffix+": "+err.Error())
		return nil, nil
	}
	if err := config.Parse(content, new(config.Secret)); err != nil {
		in.fault(variable, "as read from "+variable+fileSuffix+", "+err.Error())
		return nil, nil
	}
	return content, nil
}

// note records the settings of a parsed command line, and their faults.
func (in *inputs) note(command *kong.Context) {
	in.set = map[string]bool{}
	known := map[string]bool{}
	for _, flag := range command.Flags() {
		variable := variableOf(flag)
		if variable == "" {
			continue
		}
		known[variable] = true
		known[variable+fileSuffix] = isSecret(flag)
		in.set[variable] = os.Getenv(variable) != ""
	}
	for _, step := range command.Path {
		if step.Flag == nil || variableOf(step.Flag) == "" {
			continue
		}
		variable := variableOf(step.Flag)
		in.set[variable] = true
		if isSecret(step.Flag) && !step.Resolved {
			in.fault(variable, "is given by --"+step.Flag.Name+", where other users of this machine can read it; set the variable, or "+variable+fileSuffix)
		}
	}
	for _, variable := range unknownVariables(os.Environ(), known) {
		in.fault(variable, "is not a variable of this service; correct its spelling or unset it")
	}
}

// judge returns the faults of the inputs together with those of the resulting
// configuration, which are in err.
func (in *inputs) judge(err error) error {
	var judged config.Faults
	if err != nil && !errors.As(err, &judged) {
		return err
	}
	return in.faults.Merge(judged).Err()
}

// judgeOnly is like judge for a command that uses only these variables.
func (in *inputs) judgeOnly(err error, variables ...string) error {
	var faults config.Faults
	if err := in.judge(err); err != nil && !errors.As(err, &faults) {
		return err
	}
	return faults.Of(variables...).Err()
}

func (in *inputs) fault(variable, problem string) {
	in.faults = append(in.faults, config.Fault{Variable: variable, Problem: problem})
}

func isSecret(flag *kong.Flag) bool { return flag.Tag.Has("secret") }

// variableOf returns the variable that sets flag, or "" if there is none.
func variableOf(flag *kong.Flag) string { return strings.Join(flag.Envs, "") }
