package webhook

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// The headers of a message.
const (
	HeaderID        = "Webhook-Id" // unique; unchanged when the message is sent again
	HeaderTimestamp = "Webhook-Timestamp"
	HeaderSignature = "Webhook-Signature"
)

// Tolerance is the maximum difference between the time of a message and the clock of its
// receiver. An older message may be a replay by an attacker.
const Tolerance = 5 * time.Minute

// The reasons for which a message is rejected.
var (
	// ErrHeader means that a header is missing, appears twice or is malformed.
	ErrHeader = errors.New("webhook: missing or malformed header")
	// ErrTime means that the message is too old or from the future; see [Tolerance].
	ErrTime = errors.New("webhook: message too old or from the future")
	// ErrSignature means that no signature was made with one of the secrets.
	ErrSignature = errors.New("webhook: no valid signature")
)

// ErrSecret means that a secret of the receiver is not whsec_ and base64.
var ErrSecret = errors.New("webhook: malformed secret")

const (
	secretPrefix = "whsec_"
	minSecret    = 24 // bytes
	maxSecret    = 64
	// maxSignatures bounds the work for one message.
	maxSignatures = 16
)

// Verify returns nil if the message with the given header and body was signed with one
// of secrets and its time is within the [Tolerance]. Otherwise it returns an error that
// wraps [ErrHeader], [ErrTime], [ErrSignature] or [ErrSecret]. body must be exactly as
// received. Signatures are compared in constant time.
//
// During a rotation, pass both the new and the old secret.
func Verify(header http.Header, body []byte, secrets ...string) error {
	return Verifier{Secrets: secrets}.Verify(header, body)
}

// Verifier verifies messages. The zero value rejects every message. It is safe for
// concurrent use.
type Verifier struct {
	// Secrets are the accepted secrets, one of which must have signed the message, in
	// the form in which they are shown when a webhook is created: whsec_ and base64.
	Secrets []string
	// Now is the clock; nil means [time.Now].
	Now func() time.Time
}

// Verify is like the function [Verify].
func (v Verifier) Verify(header http.Header, body []byte) error {
	keys := make([][]byte, len(v.Secrets))
	for i, secret := range v.Secrets {
		key, err := parseSecret(secret)
		if err != nil {
			return fmt.Errorf("%w: secret %d of %d", err, i+1, len(v.Secrets))
		}
		keys[i] = key
	}
	var fields [3]string
	for i, name := range []string{HeaderID, HeaderTimestamp, HeaderSignature} {
		values := header.Values(name)
		if len(values) != 1 || values[0] == "" {
			return fmt.Errorf("%w: %s", ErrHeader, name)
		}
		fields[i] = values[0]
	}
	id, timestamp, signatures := fields[0], fields[1], fields[2]
	if err := v.verifyTime(timestamp); err != nil {
		return err
	}
	valid := false
	for _, key := range keys {
		mac := hmac.New(sha256.New, key)
		mac.Write([]byte(id + "." + timestamp + "."))
		mac.Write(body)
		valid = contains(signatures, mac.Sum(nil)) || valid
	}
	if !valid {
		return ErrSignature
	}
	return nil
}

func parseSecret(secret string) ([]byte, error) {
	encoded, found := strings.CutPrefix(secret, secretPrefix)
	key, err := base64.StdEncoding.DecodeString(encoded)
	if !found || err != nil || len(key) < minSecret || len(key) > maxSecret {
		return nil, ErrSecret
	}
	return key, nil
}

func (v Verifier) verifyTime(timestamp string) error {
	seconds, err := strconv.ParseInt(timestamp, 10, 64)
	if err != nil || strconv.FormatInt(seconds, 10) != timestamp {
		return fmt.Errorf("%w: %s", ErrHeader, HeaderTimestamp)
	}
	now := time.Now
	if v.Now != nil {
		now = v.Now
	}
	const tolerance = int64(Tolerance / time.Second)
	if current := now().Unix(); seconds < current-tolerance || seconds > current+tolerance {
		return ErrTime
	}
	return nil
}

// contains reports whether sum is among the signatures of version 1, which are separated
// by spaces.
func contains(signatures string, sum []byte) bool {
	found := false
	for i, signature := range strings.Split(signatures, " ") {
		encoded, ok := strings.CutPrefix(signature, "v1,")
		if !ok || i >= maxSignatures {
			continue
		}
		given, err := base64.StdEncoding.DecodeString(encoded)
		found = err == nil && hmac.Equal(given, sum) || found
	}
	return found
}
