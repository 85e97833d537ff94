package httpapi

import (
	"context"
	"net/http"
	"time"

	"github.com/slaunchx/apikeys/adapters/httpapi/internal/form"
	"github.com/slaunchx/apikeys/application"
	"github.com/slaunchx/apikeys/domain"
	"github.com/slaunchx/apikeys/ports"
)

// listKeys serves GET on the keys of a workspace.
func (a *API) listKeys(x *exchange, ws *application.Workspace) error {
	q, faults := toKeyQuery(x.Request().URL.RawQuery)
	if faults != nil {
		return faults.Err()
	}
	q.filter.At = a.options.Now() // the filter and the response must agree about each key
	list, err := carryOut(x, func(ctx context.Context) (ports.KeyPage, error) {
		return ws.ListKeys(ctx, q.filter, q.order, q.page)
	})
	if err != nil {
		return err
	}
	return x.succeed(http.StatusOK, toKeyPage(list, q.page, q.filter.At))
}

// keyQuery contains the parameters of a list of keys.
type keyQuery struct {
	filter domain.KeyFilter
	order  domain.Order
	page   domain.Page
}

func toKeyQuery(query string) (q keyQuery, faults domain.Faults) {
	number, size := int64(0), int64(domain.DefaultPageSize)
	faults = form.DecodeQuery(query, append(pageParameters(&number, &size),
		form.Parameter{Name: "sort", Decode: form.Term(&q.order, domain.ParseOrder)},
		form.Parameter{Name: "status", Decode: form.Term(&q.filter.Status, domain.ParseStatus)},
		form.Parameter{Name: "mode", Decode: form.Term(&q.filter.Mode, domain.ParseModeName)},
		form.Parameter{Name: "q", Decode: form.Term(&q.filter.Name, domain.ParseNamePart)},
	)...)
	if faults != nil {
		return keyQuery{}, faults
	}
	q.page, faults = domain.NewPage(number, size)
	return q, faults
}

// pageBody is one page of a list, in the contract's order.
type pageBody[T any] struct {
	Items []T   `json:"items"` // never nil: an empty page is written []
	Page  int   `json:"page"`
	Size  int   `json:"size"`
	Total int64 `json:"total"`
}

func toPage[E, T any](all []E, to func(E) T, page domain.Page, total int64) pageBody[T] {
	items := make([]T, len(all))
	for i, e := range all {
		items[i] = to(e)
	}
	return pageBody[T]{Items: items, Page: page.Number(), Size: page.Size(), Total: total}
}

func toKeyPage(list ports.KeyPage, page domain.Page, now time.Time) pageBody[keyBody] {
	return toPage(list.Keys, func(key *domain.APIKey) keyBody { return toKeyBody(key, now) }, page, list.Total)
}

// pageParameters are the parameters of every list. The page is created from
// number and size afterwards.
func pageParameters(number, size *int64) []form.Parameter {
	return []form.Parameter{
		{Name: "page", Decode: form.IntegerTerm(number, domain.RulePageRange, domain.ValidatePageNumber)},
		{Name: "size", Decode: form.IntegerTerm(size, domain.RuleSizeRange, domain.ValidatePageSize)},
	}
}
