package browser

import (
	"os"
	"path/filepath"
	"testing"
	"time"
)

// Times of the Keystroke-Level Model (Card, Moran, Newell: The Keystroke-Level Model for
// User Performance Time with Interactive Systems. Communications of the ACM 23 (7), 1980,
// pages 396 to 410). That of a mouse button is Kieras's (Using the Keystroke-Level Model to
// Estimate Execution Times. University of Michigan, 2001), half of a click.
const (
	keystroke = 280 * time.Millisecond  // K, of an average typist who is no secretary
	pointing  = 1100 * time.Millisecond // P, with the mouse
	button    = 100 * time.Millisecond  // B, pressing or releasing it
	homing    = 400 * time.Millisecond  // H, the hand from the mouse to the keyboard or back
	decision  = 1350 * time.Millisecond // M, deciding what to do
)

// effort counts the operators of the model in what somebody does, whose hand is on the
// mouse at first. There is a decision before each click and before each text.
type effort struct {
	keystrokes, clicks, homings, decisions int

	typing bool // the hand is on the keyboard
}

func (e *effort) click() {
	e.reach(false)
	e.decisions++
	e.clicks++
}

func (e *effort) types(keystrokes int) {
	e.reach(true)
	e.decisions++
	e.keystrokes += keystrokes
}

func (e *effort) reach(keyboard bool) {
	if e.typing != keyboard {
		e.typing = keyboard
		e.homings++
	}
}

// estimate returns how long it takes somebody who makes no mistakes, without what the
// service takes.
func (e *effort) estimate() time.Duration {
	return time.Duration(e.keystrokes)*keystroke + time.Duration(e.clicks)*(pointing+2*button) +
		time.Duration(e.homings)*homing + time.Duration(e.decisions)*decision
}

// journey is what somebody does in a tab, step by step.
type journey struct {
	*tab

	steps  int
	effort effort
}

// press takes a step: a click on a button or a label with a text.
func (j *journey) press(text string) {
	j.t.Helper()
	j.steps++
	j.effort.click()
	j.tab.press(text)
}

// enter takes a step: text that takes so many keystrokes, in a field that is clicked first.
func (j *journey) enter(label, text string, keystrokes int) {
	j.t.Helper()
	j.steps++
	j.effort.click()
	j.effort.types(keystrokes)
	j.fill(j.field(label), text)
}

// Nobody is timed here, so the time is an estimate.
func TestConsole_TakesEightStepsAndLessThanAMinuteToAStoredSecret(t *testing.T) {
	t.Parallel()
	service := startConsole(t, nil)
	j := &journey{tab: newTab(t, "http://"+service.Public)}
	dir, complete := j.downloads()
	j.open("/console")
	j.enter("Token", tokenOfOne, 2) // pasted by Ctrl and V
	j.press("Sign in")              // the token says which workspace
	j.press("Create the first API key")
	j.enter("Name", "Checkout", 1+len("Checkout")) // with Shift
	j.press("Create API key")
	j.present(".secret")
	secret := eval[string](j.tab, "document.querySelector('.secret').innerText")
	j.press("Download")
	select {
	case name := <-complete:
		if stored, err := os.ReadFile(filepath.Join(dir, name)); err != nil || string(stored) != "API_KEY="+secret+"\n" {
			t.Errorf("%q is stored, error %v", stored, err)
		}
	case <-j.Done():
		t.Fatal("nothing was downloaded")
	}
	j.press("I have stored the secret")
	j.press("Done")
	j.shows("created the key")
	j.visit.mustBeClean(t, j.origin, "400 (Bad Request)")

	e := &j.effort
	t.Logf("from signing in to a stored secret: %d steps, %d keystrokes, %d clicks, %d decisions, %d changes between mouse and keyboard; estimated at %.1f s",
		j.steps, e.keystrokes, e.clicks, e.decisions, e.homings, e.estimate().Seconds())
	if j.steps > 8 || e.estimate() >= time.Minute {
		t.Error("it takes more than 8 steps or a minute")
	}
	e.click()
	e.types(len("payment:read") + 2) // with Shift and Enter
	t.Logf("with a scope: estimated at %.1f s", e.estimate().Seconds())
	if e.estimate() >= time.Minute {
		t.Error("with a scope it takes a minute")
	}
}
