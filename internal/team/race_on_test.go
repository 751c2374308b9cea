//go:build race

package team

const raceDetector = true // makes a simulation ten times as slow
