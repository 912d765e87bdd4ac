package page

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"net/http"
	"path"
	"strings"
)

// AssetsPath is where the files of the pages lie.
const AssetsPath = "/assets/"

// assets are files whose path changes with their content, so that a browser may keep them for good.
type assets struct {
	byPath map[string]asset
	byName map[string]string
}

type asset struct {
	kind    string
	content []byte
}

var assetKinds = map[string]string{
	".css": "text/css; charset=utf-8",
	".js":  "text/javascript; charset=utf-8",
	".svg": "image/svg+xml",
}

// gatherAssets reads the files of the layout and those of a service.
func gatherAssets(own fs.FS) (*assets, error) {
	a := &assets{byPath: map[string]asset{}, byName: map[string]string{}}
	layout, err := fs.Sub(base, "base")
	if err != nil {
		return nil, fmt.Errorf("opening the assets of the layout: %w", err)
	}
	for _, from := range []fs.FS{layout, own} {
		if from == nil {
			continue
		}
		if err := a.gather(from); err != nil {
			return nil, err
		}
	}
	return a, nil
}

func (a *assets) gather(from fs.FS) error {
	entries, err := fs.ReadDir(from, ".")
	if err != nil {
		return fmt.Errorf("listing assets: %w", err)
	}
	for _, e := range entries {
		name, kind := e.Name(), assetKinds[path.Ext(e.Name())]
		if kind == "" {
			continue
		}
		if a.byName[name] != "" {
			return fmt.Errorf("listing assets: %s stands in the layout already", name)
		}
		content, err := fs.ReadFile(from, name)
		if err != nil {
			return fmt.Errorf("reading asset %s: %w", name, err)
		}
		sum := sha256.Sum256(content)
		ext := path.Ext(name)
		at := AssetsPath + strings.TrimSuffix(name, ext) + "." + hex.EncodeToString(sum[:6]) + ext
		a.byName[name], a.byPath[at] = at, asset{kind, content}
	}
	return nil
}

// path is where the file of a name lies; an unknown name is an error of the template.
func (a *assets) path(name string) (string, error) {
	if at := a.byName[name]; at != "" {
		return at, nil
	}
	return "", fmt.Errorf("no asset %s", name)
}

// Assets serves the files of the pages under AssetsPath.
func (s *Site) Assets() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		file, ok := s.assets.byPath[r.URL.Path]
		if !ok {
			http.Error(w, "not found", http.StatusNotFound)
			return
		}
		h := w.Header()
		h.Set("Content-Type", file.kind)
		h.Set("Cache-Control", "public, max-age=31536000, immutable")
		h.Set("X-Content-Type-Options", "nosniff")
		_, _ = w.Write(file.content)
	})
}
