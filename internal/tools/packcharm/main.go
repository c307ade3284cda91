package main

import (
	"context"
	"crypto/sha256"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"

	"github.com/canonical/gateway-api-integrator/internal/tools/toolchain"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdout); err != nil {
		if !errors.Is(err, flag.ErrHelp) {
			fmt.Fprintf(os.Stderr, "packcharm: %v\n", err)
		}
		stop()
		os.Exit(1)
	}
}

// run packs the charm for each platform of charmcraft.yaml, or only for those
// named in args, and prints a line for each file.
func run(ctx context.Context, args []string, stdout io.Writer) error {
	flags := flag.NewFlagSet("packcharm", flag.ContinueOnError)
	root := flags.String("root", "../..", "the charm's directory, where charmcraft.yaml is")
	out := flags.String("out", "", "the directory to write to (the charm's own when empty)")
	supply := flags.String("supply", "", "pack nothing: say of the program `directory`/dispatch what it is made of, in files beside it")
	if err := flags.Parse(args); err != nil {
		return err
	}
	charm, err := readProject(*root)
	if err != nil {
		return err
	}
	if *supply != "" {
		return writeSupply(ctx, charm, *supply, stdout)
	}
	version, err := goVersion(ctx, *root)
	if err != nil {
		return err
	}
	if err := sayGo(charm, version, stdout); err != nil {
		return err
	}
	if *out == "" {
		*out = *root
	}
	platforms := flags.Args()
	if len(platforms) == 0 {
		platforms = charm.platformNames()
	}
	for _, platform := range platforms {
		line, err := writeCharm(ctx, charm, platform, *out)
		if err != nil {
			return fmt.Errorf("cannot pack for %s: %w", platform, err)
		}
		fmt.Fprintln(stdout, line)
	}
	return nil
}

// writeSupply writes the files that say what the program in a directory is made
// of, for charmcraft's own packing.
func writeSupply(ctx context.Context, charm project, directory string, stdout io.Writer) error {
	program, err := os.ReadFile(filepath.Join(directory, "dispatch"))
	if err != nil {
		return fmt.Errorf("cannot read the program: %w", err)
	}
	compiler, err := goVersionOf(program)
	if err != nil {
		return err
	}
	if err := sayGo(charm, compiler, stdout); err != nil {
		return err
	}
	version, err := describe(ctx, charm.root)
	if err != nil {
		return err
	}
	entries, err := supplyEntries(ctx, charm.root, charm.name, version, program)
	if err != nil {
		return err
	}
	for _, entry := range entries {
		if err := os.WriteFile(filepath.Join(directory, entry.name), entry.content, entry.mode); err != nil {
			return fmt.Errorf("cannot write %s: %w", entry.name, err)
		}
	}
	return nil
}

// sayGo refuses a Go that is too old, and says of one that is not the newest.
func sayGo(charm project, version string, stdout io.Writer) error {
	asked, err := toolchain.AskedFor(charm.root)
	if err != nil {
		return err
	}
	remark, err := judgeGo(version, asked)
	if remark != "" {
		fmt.Fprintln(stdout, remark)
	}
	return err
}

// replaceFile writes a file: a reader of its directory finds the old one or the new one, never
// half of one, also where several write it at once.
func replaceFile(path string, content []byte) error {
	file, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*")
	if err != nil {
		return err
	}
	defer os.Remove(file.Name()) // What has been renamed is not there any more.
	_, err = file.Write(content)
	if err := errors.Join(err, file.Chmod(0o644), file.Close()); err != nil {
		return err
	}
	return os.Rename(file.Name(), path)
}

// writeCharm writes one charm into the directory out, whole or not at all, and
// returns what to say of it: name, size in bytes, SHA-256.
func writeCharm(ctx context.Context, charm project, platform, out string) (string, error) {
	content, err := pack(ctx, charm, platform)
	if err != nil {
		return "", err
	}
	name := charm.fileName(platform)
	if err := replaceFile(filepath.Join(out, name), content); err != nil {
		return "", fmt.Errorf("cannot write charm: %w", err)
	}
	return fmt.Sprintf("%s  %d bytes  sha256:%x", name, len(content), sha256.Sum256(content)), nil
}
