package jujutest

import (
	"archive/zip"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// unpackCharm writes the charm at source (a directory, or a .charm file) to the new directory target.
func unpackCharm(source, target string) error {
	info, err := os.Stat(source)
	if err != nil {
		return fmt.Errorf("cannot read charm: %w", err)
	}
	if info.IsDir() {
		return copyTree(os.DirFS(source), target)
	}
	archive, err := zip.OpenReader(source)
	if err != nil {
		return fmt.Errorf("cannot open charm %s: %w", source, err)
	}
	defer archive.Close()
	return copyTree(archive, target)
}

// copyTree copies directories and regular files with their permissions.
func copyTree(source fs.FS, target string) error {
	err := fs.WalkDir(source, ".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		to := filepath.Join(target, filepath.FromSlash(path))
		if entry.IsDir() {
			return os.MkdirAll(to, 0o755)
		}
		info, err := fs.Stat(source, path) // follows links: the copy stands alone
		if err != nil {
			return err
		}
		if info.IsDir() {
			return fmt.Errorf("%s links to a directory", path)
		}
		return copyFile(source, path, to, info.Mode().Perm())
	})
	if err != nil {
		return fmt.Errorf("cannot unpack charm: %w", err)
	}
	return nil
}

func copyFile(source fs.FS, path, to string, mode fs.FileMode) (err error) {
	in, err := source.Open(path)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.OpenFile(to, os.O_CREATE|os.O_WRONLY|os.O_EXCL, mode)
	if err != nil {
		return err
	}
	defer func() {
		if closeErr := out.Close(); err == nil {
			err = closeErr
		}
	}()
	if _, err := io.Copy(out, in); err != nil {
		return err
	}
	return out.Chmod(mode) // whatever the umask took away
}
