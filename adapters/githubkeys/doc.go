// Package githubkeys verifies the signatures of reports by GitHub's secret scanning
// partner program. It fetches GitHub's public keys and caches them.
package githubkeys
