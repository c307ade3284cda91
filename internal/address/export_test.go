package address

// Embedded is for tests outside the package.
var Embedded = embedded
