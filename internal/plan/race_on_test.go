//go:build race

package plan

const raceDetector = true // makes a simulation ten times as slow
