package domain_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/slaunchx/apikeys/domain"
)

func TestParseForeignSecret_AcceptsWhatAnotherSystemMayIssue(t *testing.T) {
	t.Parallel()
	own := newSecret(t, 1, domain.ModeLive).Reveal()
	mistyped := own[:72] + string('0'+(own[72]+1)%8)
	cases := map[string]struct {
		text    string
		foreign bool
	}{
		"22 characters":           {strings.Repeat("x", 22), true},
		"512 characters":          {strings.Repeat("~", 512), true},
		"punctuation":             {`1|a.b-c_d!"#$%&'()*+,/:;<=>?@[\]^{}`, true},
		"a secret of Stripe":      {"sk_live_51Hxxxxxxxxxxxxxxxxxxxx", true},
		"a truncated one of ours": {own[:72], true},
		"21 characters":           {strings.Repeat("x", 21), false},
		"513 characters":          {strings.Repeat("x", 513), false},
		"a space":                 {strings.Repeat("x", 22) + " ", false},
		"a control character":     {strings.Repeat("x", 22) + "\x7f", false},
		"not ASCII":               {strings.Repeat("é", 22), false},
		"nothing":                 {"", false},
		"one of ours":             {own, false},
		"a mistyped one of ours":  {mistyped, false},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			secret, err := domain.ParseForeignSecret(c.text)
			if (err == nil) != c.foreign || secret.Foreign() != c.foreign || secret.KeyID() != "" {
				t.Errorf("foreign %v, of key %q, error %v; want foreign %v", secret.Foreign(), secret.KeyID(), err, c.foreign)
			}
			if c.foreign && (secret.Reveal() != c.text || strings.Contains(fmt.Sprintf("%v %+v %#v", secret, secret, secret), c.text)) {
				t.Error("the text is lost or printed")
			}
		})
	}
	if secret, err := domain.ParsePresentedSecret(own); err != nil || secret.Foreign() || secret.KeyID() == "" {
		t.Errorf("one of ours: foreign %v, %v", secret.Foreign(), err)
	}
}

func TestParseForeignCredential_SaysWhyItRejects(t *testing.T) {
	t.Parallel()
	hexDigest := strings.Repeat("0123456789abcdef", 4)
	cases := map[string]struct {
		format domain.ForeignFormat
		text   string
		want   string // part of the error; "" if it is accepted
	}{
		"unkey":                       {domain.FormatUnkey, strings.Repeat("AbCd", 10) + "AbA=", ""},
		"unkey in Base64url":          {domain.FormatUnkey, strings.Repeat("-bCd", 10) + "AbA=", "standard Base64"},
		"unkey in hex":                {domain.FormatUnkey, hexDigest, "standard Base64"},
		"better-auth":                 {domain.FormatBetterAuth, strings.Repeat("-b_d", 10) + "AbA", ""},
		"better-auth with padding":    {domain.FormatBetterAuth, strings.Repeat("-b_d", 10) + "AbA=", "Base64url"},
		"sanctum":                     {domain.FormatSanctum, hexDigest, ""},
		"sanctum with its token":      {domain.FormatSanctum, "1|" + hexDigest, "64 hexadecimal"},
		"prefixed in capitals":        {domain.FormatPrefixed, strings.ToUpper(hexDigest), ""},
		"knox":                        {domain.FormatKnox, hexDigest + hexDigest, ""},
		"knox with SHA-256":           {domain.FormatKnox, hexDigest, "128 hexadecimal"},
		"bcrypt":                      {domain.FormatSanctum, "$2y$10$abcdefghijklmnopqrstuv", "password hash"},
		"bcrypt as a plain key":       {domain.FormatPlain, "$2y$10$abcdefghijklmnopqrstuvABCDEFGH", "password hash"},
		"PBKDF2 as a plain key":       {domain.FormatPlain, "pbkdf2_sha256$600000$abcdefgh$ABCDEFGHIJKL", "password hash"},
		"argon2 as a plain key":       {domain.FormatPlain, "argon2$argon2id$v=19$m=102400,t=2,p=8$abc", "password hash"},
		"32 letters and digits":       {domain.FormatPlain, "5fGk2LmQ9xZrT7vBn3WcY8dHs4JpA6Ue", ""},
		"32 hexadecimal digits":       {domain.FormatPlain, "0123456789abcdef0123456789abcdef", ""},
		"31 hexadecimal digits":       {domain.FormatPlain, "0123456789abcdef0123456789abcde", "128 random bits"},
		"22 letters and digits":       {domain.FormatPlain, "5fGk2LmQ9xZrT7vBn3WcY8", ""},
		"22 small letters and digits": {domain.FormatPlain, "5fgk2lmq9xzrt7vbn3wcy8", "128 random bits"},
		"38 digits":                   {domain.FormatPlain, "01234567890123456789012345678901234567", "128 random bits"},
		"a UUID":                      {domain.FormatPlain, "123e4567-e89b-42d3-a456-426614174000", "128 random bits"},
		"a short key":                 {domain.FormatPlain, "hunter2", "128 random bits"},
		"few different characters":    {domain.FormatPlain, strings.Repeat("aB3", 20), "128 random bits"},
		"one of ours":                 {domain.FormatPlain, newSecret(t, 1, domain.ModeLive).Reveal(), "format of this service"},
		"an unknown format":           {"md5", hexDigest, "unknown format"},
	}
	ids := map[domain.KeyID]string{}
	for name, c := range cases {
		credential, err := domain.ParseForeignCredential(c.format, c.text)
		switch {
		case c.want == "" && err != nil, c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)):
			t.Errorf("%s: error %v, want %q", name, err, c.want)
		case err != nil && strings.Contains(err.Error(), c.text):
			t.Errorf("%s: the error contains it: %v", name, err)
		case err == nil:
			id := credential.KeyID()
			again, _ := domain.ParseForeignCredential(c.format, c.text)
			if _, ok := domain.ParseKeyID(string(id)); !ok || ids[id] != "" || again.KeyID() != id {
				t.Errorf("%s: the ID is %q, as that of %q, and then %q", name, id, ids[id], again.KeyID())
			}
			ids[id] = name
			if strings.Contains(fmt.Sprintf("%v %+v %#v", credential, credential, credential), c.text) {
				t.Errorf("%s: it is printed", name)
			}
		}
	}
}
