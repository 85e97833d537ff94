package sqlkit

import (
	"net/netip"
	"strings"
	"unicode/utf8"

	"github.com/slaunchx/apikeys/domain"
)

// Key returns the key of rows, one for each of its secrets, or
// [domain.ErrKeyNotFound] if there are none. It reads each column separately;
// [domain.Rehydrate] defines what replaces an unreadable one.
func (c Codec[T]) Key(rows []KeyRow[T]) (*domain.APIKey, error) {
	if len(rows) == 0 {
		return nil, domain.ErrKeyNotFound
	}
	row := rows[0]
	r := &reading{domain.Snapshot{ID: domain.KeyID(shown(row.ID)), Workspace: domain.WorkspaceID(row.WorkspaceID)}}
	r.Name = parsed(r, domain.PartName, row.Name, domain.ParseName)
	r.Mode = parsed(r, domain.PartMode, row.Mode, domain.ParseMode)
	r.Scopes = parsed(r, domain.PartScopes, row.Scopes, decodeScopes)
	r.IPWhitelist = parsed(r, domain.PartIPWhitelist, row.IPWhitelist, decodeIPWhitelist)
	r.RateLimits = parsed(r, domain.PartRateLimits, row.RateLimits, decodeRateLimits)
	r.Quota = quotaOf(r, row.Quota)
	r.Disabled = plain(r, domain.PartStatus, row.Disabled)
	r.CreatedBy = parsed(r, domain.PartCreatedBy, row.CreatedBy, validText)
	r.CreatedAt = instant(c, r, domain.PartCreatedAt, row.CreatedAt)
	r.ExpiresAt = instant(c, r, domain.PartExpiresAt, row.ExpiresAt)
	r.LastUsedAt = instant(c, r, domain.PartLastUsedAt, row.LastUsedAt)
	r.DeletedAt = instant(c, r, domain.PartDeletedAt, row.DeletedAt)
	r.Secrets = make([]domain.StoredSecret, len(rows))
	for i := range rows {
		secret, ok := c.secret(&rows[i].SecretRow)
		r.Secrets[i] = secret
		r.lose(domain.PartSecrets, ok)
	}
	return domain.Rehydrate(r.Snapshot), nil
}

// secret reads a secret. If any of its columns is unreadable, the whole secret is,
// because it cannot be verified. A digest whose length is not one of this version's is
// unreadable too.
func (c Codec[T]) secret(row *SecretRow[T]) (domain.StoredSecret, bool) {
	algorithm, okAlgorithm := row.Algorithm.required()
	pepperID, okPepper := row.PepperID.required()
	digest, okDigest := row.Digest.required()
	validUntil, okEnd := c.optional(row.ValidUntil)
	s := domain.StoredSecret{ValidUntil: validUntil}
	if !okAlgorithm || !okPepper || !okDigest || !okEnd || len(digest) != len(s.Digest.Sum) {
		return domain.UnreadableSecret(), false
	}
	s.Digest.Algorithm, s.Digest.PepperID = domain.Algorithm(algorithm), pepperID
	copy(s.Digest.Sum[:], digest)
	return s, true
}

// Events returns the events of rows, in their order, and the identifiers of
// those that are partly unreadable. An unreadable address is unknown,
// unreadable changes are marked [domain.Unreadable], bytes that are not UTF-8
// are replaced, and anything else becomes the zero value.
func (c Codec[T]) Events(rows []EventRow[T]) (events []domain.Event, unreadable []string) {
	events = make([]domain.Event, len(rows))
	for i := range rows {
		event, ok := c.event(&rows[i])
		if events[i] = event; !ok {
			unreadable = append(unreadable, event.ID)
		}
	}
	return events, unreadable
}

// event returns false if any of the columns is unreadable.
func (c Codec[T]) event(row *EventRow[T]) (event domain.Event, ok bool) {
	ok = true
	text := func(f Field[string]) string {
		v, readable := f.required()
		ok = ok && readable && utf8.ValidString(v)
		return shown(v)
	}
	at, okAt := c.optional(row.At)
	ip, okIP := decodeAddr(row.IP)
	changes, okChanges := decodeChanges(row.Changes)
	event = domain.Event{
		ID:        shown(row.ID),
		KeyID:     domain.KeyID(row.KeyID),
		Workspace: domain.WorkspaceID(row.WorkspaceID),
		Type:      domain.EventType(text(row.Type)),
		At:        at,
		By: domain.Author{
			AccountID: text(row.AccountID),
			Portal:    domain.Portal(text(row.Portal)),
			Origin:    domain.Origin{ClientHash: text(row.ClientHash), IP: ip, RequestID: text(row.RequestID)},
		},
		Changes: changes,
	}
	return event, ok && okAt && okIP && okChanges
}

// shown returns a stored identifier as valid UTF-8, so that it can be displayed.
func shown(stored string) string { return strings.ToValidUTF8(stored, "\uFFFD") }

func decodeAddr(stored Field[string]) (netip.Addr, bool) {
	text, ok := stored.required()
	if !ok {
		return netip.Addr{}, !stored.unreadable // NULL means unknown
	}
	addr, err := netip.ParseAddr(text)
	return addr, err == nil
}
