// Command gateway-api-integrator is the charm: Juju runs it once per event.
package main

func main() {}
