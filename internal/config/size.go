package config

import (
	"bytes"
	"cmp"
	"fmt"
)

const (
	// maxSettingsFile bounds the file, in octets: one with 100,000 domains has about
	// 5 MiB.
	maxSettingsFile = 16 << 20
	// maxMemory bounds what reading the file may take, in octets, where no lower
	// limit is known.
	maxMemory = 768 << 20
	// maxDepth bounds how deep blocks and lists are nested: a service of a domain
	// needs seven levels.
	maxDepth = 32
)

// Memory that reading takes, in octets, as measured: for each octet of the file, and
// for each character that begins or separates values.
const (
	memoryPerOctet = 3
	memoryPerPart  = 350
)

// tooLarge returns why a file cannot be read within the memory that there is, and ""
// if it can. It must not need the parser, which could end the process.
func tooLarge(data []byte, memory int64) string {
	if len(data) > maxSettingsFile {
		return fmt.Sprintf("the file is larger than %d MiB; keep the domains in a database or a directory", maxSettingsFile>>20)
	}
	memory = min(cmp.Or(memory, maxMemory), maxMemory)
	needs := int64(len(data)) * memoryPerOctet
	for _, part := range []string{"\n", ":", ",", "[", "{"} {
		needs += int64(bytes.Count(data, []byte(part))) * memoryPerPart
	}
	if needs <= memory {
		return ""
	}
	return fmt.Sprintf("reading the file would take about %d MiB of memory, and at most %d MiB are allowed; raise the memory limit of the process, or keep the domains in a database or a directory", needs>>20, memory>>20)
}
