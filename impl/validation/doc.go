// Package validation checks values against the schemas of openapi.yaml and reports everything that is wrong.
//
// A Validator is made once, from the spec that package gen embeds, and is then safe for concurrent use. Its
// errors name the param and the broken rule. They never repeat the value, which may be a password;
// kin-openapi's own messages do, so they are not passed on.
//
// The order of errors is the contract's: missing params first, then the order of the spec, unknown params
// last.
package validation
