// Package leonardo speaks the REST v1 dialect of Leonardo.Ai over Bottega's own services, so that the official SDKs
// work with nothing but the server URL changed. It promises what those SDKs check: status 200 and application/json
// only, closed enums, whole-number costs, values instead of surprises; and that whatever a caller asks for and this
// server cannot do is refused by the name of the field. It holds no rule about generations, tokens or accounts: it
// decodes, calls, and encodes. docs/api-leonardo.md is the reader's version of the tables in this package.
package leonardo
