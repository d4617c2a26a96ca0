// Command goleveldb lets tests see a LevelDB directory through goleveldb, and makes fixtures with it.
//
//	goleveldb read DIRECTORY     print every pair as iteration gives it, then as Get gives it, as JSON lines
//	goleveldb hold DIRECTORY     open it, say so, and close it when standard input ends
//	goleveldb recover DIRECTORY  rebuild its manifest from its tables, in place, as RecoverFile does
//	goleveldb write DIRECTORY    follow the script on standard input (tests/fixtures/generate/workload.py says what is in it);
//	                             manifests are begun anew at as many bytes as MANIFEST_SIZE in the environment says, or 64 MiB
//
// All open the directory read-write, so give them a copy.
package main

import (
	"bufio"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"syscall"

	"github.com/syndtr/goleveldb/leveldb"
	"github.com/syndtr/goleveldb/leveldb/filter"
	"github.com/syndtr/goleveldb/leveldb/opt"
	"github.com/syndtr/goleveldb/leveldb/util"
)

type pair struct {
	How   string `json:"how"`
	Key   string `json:"k"`
	Value string `json:"v"`
}

func main() {
	if len(os.Args) != 3 {
		fail(fmt.Errorf("usage: goleveldb read|hold|recover|write DIRECTORY"))
	}
	switch os.Args[1] {
	case "read":
		fail(read(os.Args[2]))
	case "hold":
		fail(hold(os.Args[2]))
	case "recover":
		fail(recoverTables(os.Args[2]))
	case "write":
		fail(write(os.Args[2]))
	default:
		fail(fmt.Errorf("unknown verb %q", os.Args[1]))
	}
}

func fail(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func read(directory string) error {
	db, err := leveldb.OpenFile(directory, &opt.Options{ErrorIfMissing: true, Strict: opt.DefaultStrict})
	if err != nil {
		return err
	}
	defer db.Close()
	out := bufio.NewWriter(os.Stdout)
	defer out.Flush()
	lines := json.NewEncoder(out)
	var keys [][]byte
	entries := db.NewIterator(nil, nil)
	defer entries.Release()
	for entries.Next() {
		keys = append(keys, append([]byte{}, entries.Key()...))
		lines.Encode(pair{"iterated", hex.EncodeToString(entries.Key()), hex.EncodeToString(entries.Value())})
	}
	if err := entries.Error(); err != nil {
		return err
	}
	for _, key := range keys {
		value, err := db.Get(key, nil)
		if err != nil {
			return fmt.Errorf("get %x: %w", key, err)
		}
		lines.Encode(pair{"got", hex.EncodeToString(key), hex.EncodeToString(value)})
	}
	return nil
}

func hold(directory string) error {
	db, err := leveldb.OpenFile(directory, nil)
	if err != nil {
		return err
	}
	fmt.Println("held")
	io.Copy(io.Discard, os.Stdin)
	return db.Close()
}

func recoverTables(directory string) error {
	db, err := leveldb.RecoverFile(directory, nil)
	if err != nil {
		return err
	}
	return db.Close()
}

func options() *opt.Options {
	manifestSize, _ := strconv.ParseInt(os.Getenv("MANIFEST_SIZE"), 10, 64)
	return &opt.Options{WriteBuffer: 65536, BlockSize: 1024, Compression: opt.SnappyCompression, Filter: filter.NewBloomFilter(10), MaxManifestFileSize: manifestSize}
}

func write(directory string) error {
	db, err := leveldb.OpenFile(directory, options())
	if err != nil {
		return err
	}
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, 1<<24)
	for lines.Scan() {
		fields := strings.Fields(lines.Text())
		switch fields[0] {
		case "put", "delete":
			batch := new(leveldb.Batch)
			add(batch, fields)
			err = db.Write(batch, nil)
		case "batch":
			batch := new(leveldb.Batch)
			count, _ := strconv.Atoi(fields[1])
			for ; count > 0 && lines.Scan(); count-- {
				add(batch, strings.Fields(lines.Text()))
			}
			err = db.Write(batch, nil)
		case "flush":
			err = db.CompactRange(util.Range{})
		case "reopen":
			if err = db.Close(); err == nil {
				db, err = leveldb.OpenFile(directory, options())
			}
		case "kill":
			err = syscall.Kill(os.Getpid(), syscall.SIGKILL)
		default:
			err = fmt.Errorf("unknown instruction %q", lines.Text())
		}
		if err != nil {
			return err
		}
	}
	return db.Close()
}

func add(batch *leveldb.Batch, fields []string) {
	if fields[0] == "delete" {
		batch.Delete(bytesOf(fields[1]))
	} else {
		batch.Put(bytesOf(fields[1]), bytesOf(fields[2]))
	}
}

func bytesOf(field string) []byte {
	if field == "-" {
		return nil
	}
	bytes, err := hex.DecodeString(field)
	fail(err)
	return bytes
}
