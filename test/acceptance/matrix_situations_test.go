package acceptance

import (
	"maps"
	"slices"
)

// All values of each column. The operations are the keys of asks.
var (
	matrixRoles   = []string{"OWNER", "ADMIN", "OPERATOR", "VIEWER", "none", "EMPEROR"}
	matrixPortals = []string{"SYSTEM", "TENANT", "PARTNER", "CONSUMER"}
	matrixModes   = []string{"LIVE", "TEST"}
	matrixPlaces  = []string{"own", "foreign", "foreign-path", "foreign-header", "foreign-key"}
	matrixKeys    = []string{"absent", "active", "disabled", "expired", "disabled+expired", "deleted", "malformed"}
)

// situations returns the full product of the columns, without meaningless ones:
// the state or the workspace of a key for an operation that names none.
func situations() []situation {
	var all []situation
	for _, operation := range slices.Sorted(maps.Keys(asks)) {
		places, keys := matrixPlaces, matrixKeys
		if asks[operation].keyless {
			places, keys = matrixPlaces[:4], []string{"-"}
		}
		for _, where := range places {
			for _, key := range keys {
				for _, s := range callers() {
					s.operation, s.where, s.key = operation, where, key
					all = append(all, s)
				}
			}
		}
	}
	return all
}

// callers returns the product of the columns of the caller and the mode.
func callers() []situation {
	var all []situation
	for _, role := range matrixRoles {
		for _, portal := range matrixPortals {
			for _, mode := range matrixModes {
				all = append(all, situation{role: role, portal: portal, mode: mode})
			}
		}
	}
	return all
}
