// Package web has the pages for people: their source in TypeScript and CSS, the assets that are built of it, and the
// documents that load them.
//
// The source is in src. `make generate` builds it into dist, which is committed and is all that the binary contains:
// running PlanoAuth needs no Node. A page loads from this server and calls this server only, as Policy says. Assets have
// a hash of their content in their names, so that browsers keep them for a year.
//
// A Document is one page: the script that draws it, the data for the script, and the application whose name, logo and
// colors it wears. The package knows neither the database nor the request pipeline.
package web
