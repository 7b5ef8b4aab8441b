package config

import (
	"bytes"
	"cmp"
	"fmt"
)

const (
	// MaxSettingsFile bounds the file with those that it includes, in octets: one
	// with 100,000 domains has about 5 MiB.
	MaxSettingsFile = 16 << 20
	// maxMemory bounds what reading the files may take, in octets, where no lower
	// limit is known.
	maxMemory = 768 << 20
	// largeMemory is how much memory reading may take without a limit of its own, in octets.
	largeMemory = 100 << 20
	// maxDepth bounds how deep blocks and lists are nested: a service of a domain
	// needs seven levels.
	maxDepth = 32
)

// Memory that reading takes, in octets, as measured: for each octet of the file, and
// for each character that begins or separates values, in the tree of a document or in
// the settings alone.
const (
	memoryPerOctet = 3
	memoryPerNode  = 350
	memoryPerValue = 140
)

// size is that of the settings file and the files that it includes.
type size struct {
	documents     int
	octets        int64
	nodes, values int64 // in trees, and in parts of which one is parsed at a time
}

// add adds a document that is parsed as a whole, but for its parts.
func (s *size) add(data []byte, parts []part) {
	s.documents++
	s.octets += int64(len(data))
	s.nodes += values(data)
	for _, p := range parts {
		inPart := values(p.text)
		s.nodes, s.values = s.nodes-inPart, s.values+inPart
	}
}

func values(data []byte) (n int64) {
	for _, begin := range []string{"\n", ":", ",", "[", "{"} {
		n += int64(bytes.Count(data, []byte(begin)))
	}
	return n
}

// needs returns how much memory reading takes, in octets.
func (s *size) needs() int64 {
	return s.octets*memoryPerOctet + s.nodes*memoryPerNode + s.values*memoryPerValue
}

// asWhole is the size without parts.
func (s size) asWhole() *size {
	s.nodes, s.values = s.nodes+s.values, 0
	return &s
}

// tooLarge returns why the files do not fit into the memory limit, and "" if they
// do. It must not need the parser, which could exhaust the memory.
func (s *size) tooLarge(memory int64) string {
	what, reading := "the file is", "the file"
	if s.documents > 1 {
		what, reading = "the settings file and those that it includes are", "the settings file and those that it includes"
	}
	if s.octets > MaxSettingsFile {
		return fmt.Sprintf("%s larger than %d MiB; keep the domains in a database or a directory", what, MaxSettingsFile>>20)
	}
	memory = min(cmp.Or(memory, maxMemory), maxMemory)
	needs := s.needs()
	if needs <= memory {
		return ""
	}
	return fmt.Sprintf("reading %s would take about %d MiB of memory, and at most %d MiB are allowed; raise the memory limit of the process, or keep the domains in a database or a directory", reading, needs>>20, memory>>20)
}
