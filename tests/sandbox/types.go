// Writes src/sandbox/kubernetes/types.txt, but for its head: the types of the Kubernetes API, from the Go sources of its modules.
// By hand, for a new version of Kubernetes: `go mod download` k8s.io/api, apimachinery, apiextensions-apiserver and
// kube-aggregator, then `go run types.go $GOMODCACHE k8s.io/api/core/v1 k8s.io/api/apps/v1 ...` with all packages there are.
package main

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"reflect"
	"sort"
	"strconv"
	"strings"
)

type named struct {
	pkg, name string
	spec      *ast.TypeSpec
	doc       string
	file      *ast.File
}

var types = map[string]*named{}
var enums = map[string][]string{}

func short(path string) string {
	for _, p := range []string{"k8s.io/api/", "k8s.io/apimachinery/pkg/apis/", "k8s.io/apiextensions-apiserver/pkg/apis/", "k8s.io/kube-aggregator/pkg/apis/"} {
		if strings.HasPrefix(path, p) {
			return strings.ReplaceAll(strings.TrimPrefix(path, p), "/", ".")
		}
	}
	return path
}

func load(dir, path string) {
	fset := token.NewFileSet()
	pkgs, err := parser.ParseDir(fset, dir, func(i os.FileInfo) bool {
		n := i.Name()
		return !strings.HasPrefix(n, "zz_") && !strings.Contains(n, "_test") && !strings.HasPrefix(n, "generated")
	}, parser.ParseComments)
	if err != nil {
		panic(err)
	}
	pkg := short(path)
	for _, p := range pkgs {
		for _, f := range p.Files {
			for _, d := range f.Decls {
				g, ok := d.(*ast.GenDecl)
				if !ok {
					continue
				}
				for _, s := range g.Specs {
					switch s := s.(type) {
					case *ast.TypeSpec:
						doc := g.Doc.Text()
						raw := ""
						if g.Doc != nil {
							for _, c := range g.Doc.List {
								raw += c.Text + "\n"
							}
						}
						if s.Doc != nil {
							for _, c := range s.Doc.List {
								raw += c.Text + "\n"
							}
						}
						_ = doc
						types[pkg+"."+s.Name.Name] = &named{pkg, s.Name.Name, s, raw, f}
					case *ast.ValueSpec:
						if id, ok := s.Type.(*ast.Ident); ok && g.Tok == token.CONST {
							for _, v := range s.Values {
								if l, ok := v.(*ast.BasicLit); ok && l.Kind == token.STRING {
									t, _ := strconv.Unquote(l.Value)
									enums[pkg+"."+id.Name] = append(enums[pkg+"."+id.Name], t)
								}
							}
						}
					}
				}
			}
		}
	}
}

var wanted []string
var seen = map[string]bool{}

func want(name string) {
	if !seen[name] {
		seen[name] = true
		wanted = append(wanted, name)
	}
}

// returns type word, whether it is a pointer, whether it is a struct
func word(e ast.Expr, n *named) (string, bool, bool, string) {
	switch e := e.(type) {
	case *ast.StarExpr:
		w, _, _, en := word(e.X, n)
		return w, true, false, en
	case *ast.ArrayType:
		if id, ok := e.Elt.(*ast.Ident); ok && id.Name == "byte" {
			return "bytes", false, false, ""
		}
		w, _, _, en := word(e.Elt, n)
		return "[" + w + "]", false, false, en
	case *ast.MapType:
		w, _, _, _ := word(e.Value, n)
		return "{" + w + "}", false, false, ""
	case *ast.SelectorExpr:
		alias := e.X.(*ast.Ident).Name
		for _, i := range n.file.Imports {
			p, _ := strconv.Unquote(i.Path.Value)
			a := filepath.Base(p)
			if i.Name != nil {
				a = i.Name.Name
			}
			if a == alias {
				return resolve(short(p) + "." + e.Sel.Name)
			}
		}
		panic(alias)
	case *ast.Ident:
		switch e.Name {
		case "string", "bool", "int32", "int64":
			return e.Name, false, false, ""
		case "float64":
			return "double", false, false, ""
		case "int":
			return "int64", false, false, ""
		}
		return resolve(n.pkg + "." + e.Name)
	}
	panic(fmt.Sprintf("%T", e))
}

var special = map[string]string{
	"meta.v1.Time": "time", "meta.v1.ListMeta": "any", "meta.v1.MicroTime": "microTime", "meta.v1.Duration": "duration", "meta.v1.FieldsV1": "any",
	"k8s.io/apimachinery/pkg/api/resource.Quantity": "quantity", "k8s.io/apimachinery/pkg/util/intstr.IntOrString": "intOrString",
	"k8s.io/apimachinery/pkg/runtime.RawExtension": "any", "k8s.io/apimachinery/pkg/types.UID": "string",
	"k8s.io/apimachinery/pkg/types.NodeName": "string", "k8s.io/apimachinery/pkg/types.NamespacedName": "string",
	"apiextensions.v1.JSON": "any", "apiextensions.v1.JSONSchemaPropsOrArray": "any", "apiextensions.v1.JSONSchemaPropsOrBool": "any",
	"apiextensions.v1.JSONSchemaPropsOrStringArray": "any",
	"authentication.v1.ExtraValue":                  "extra", "authorization.v1.ExtraValue": "extra", "certificates.v1.ExtraValue": "extra",
}

func resolve(name string) (string, bool, bool, string) {
	if s, ok := special[name]; ok {
		structs := s == "time" || s == "microTime" || s == "duration" || s == "quantity" || s == "intOrString" || s == "any"
		return s, false, structs, ""
	}
	t, ok := types[name]
	if !ok {
		panic("unknown " + name)
	}
	if _, ok := t.spec.Type.(*ast.StructType); ok {
		want(name)
		return name, false, true, ""
	}
	w, p, s, en := word(t.spec.Type, t)
	if strings.Contains(t.doc, "+enum") && w == "string" {
		en = strings.Join(enums[name], "|")
	}
	return w, p, s, en
}

func fields(n *named, path string) []string {
	var out []string
	for _, f := range n.spec.Type.(*ast.StructType).Fields.List {
		tag := ""
		if f.Tag != nil {
			tag, _ = strconv.Unquote(f.Tag.Value)
		}
		st := reflect.StructTag(tag)
		jsonTag := st.Get("json")
		parts := strings.Split(jsonTag, ",")
		name := parts[0]
		number := ""
		if p := strings.Split(st.Get("protobuf"), ","); len(p) > 1 {
			number = p[1]
		}
		if name == "-" {
			continue
		}
		w, pointer, isStruct, en := word(f.Type, n)
		if name == "" {
			if w == "meta.v1.TypeMeta" {
				continue
			}
			if number == "" {
				panic("inline without number " + n.name)
			}
			out = append(out, fields(types[w], path+number+".")...)
			continue
		}
		if number == "" {
			number = "0"
		}
		line := fmt.Sprintf("%s %s%s %s", name, path, number, w)
		omit := strings.Contains(jsonTag, ",omitempty") || strings.Contains(jsonTag, ",omitzero")
		raw := ""
		if f.Doc != nil {
			for _, c := range f.Doc.List {
				raw += strings.TrimSpace(strings.TrimPrefix(c.Text, "//")) + "\n"
			}
		}
		get := func(k string) (string, []string) {
			var all []string
			for _, l := range strings.Split(raw, "\n") {
				if strings.HasPrefix(l, "+"+k+"=") {
					all = append(all, strings.TrimPrefix(l, "+"+k+"="))
				}
			}
			if len(all) == 0 {
				return "", nil
			}
			return all[0], all
		}
		if isStruct && !pointer {
			line += " always"
		} else if !omit && !pointer {
			line += " required"
		} else if omit && !pointer {
			line += " omit"
		}
		lt, _ := get("listType")
		switch lt {
		case "map":
			_, keys := get("listMapKey")
			line += " map=" + strings.Join(keys, ",")
		case "set":
			line += " set"
		}
		if st, _ := get("structType"); st == "atomic" {
			line += " atomic"
		}
		if mt, _ := get("mapType"); mt == "atomic" {
			line += " atomic"
		}
		if id := typeDoc(f.Type, n); strings.Contains(id, "+structType=atomic") || strings.Contains(id, "+mapType=atomic") {
			line += " atomic"
		}
		ps := st.Get("patchStrategy")
		if strings.Contains(ps, "retainKeys") {
			line += " retain"
		}
		if strings.Contains(ps, "merge") {
			line += " merge"
			if k := st.Get("patchMergeKey"); k != "" {
				line += "=" + k
			}
		}
		if d, _ := get("default"); d != "" && strings.HasPrefix(d, "\"") {
			line += " default=" + strings.Trim(d, "\"")
		}
		if en != "" && !strings.HasSuffix(n.name, "Status") && !strings.HasSuffix(n.name, "Condition") {
			line += " enum=" + en
		}
		out = append(out, line)
	}
	return out
}

func typeDoc(e ast.Expr, n *named) string {
	switch e := e.(type) {
	case *ast.StarExpr:
		return typeDoc(e.X, n)
	case *ast.Ident:
		if t, ok := types[n.pkg+"."+e.Name]; ok {
			return t.doc
		}
	case *ast.SelectorExpr:
		if e.X.(*ast.Ident).Name == "metav1" {
			if t, ok := types["meta.v1."+e.Sel.Name]; ok {
				return t.doc
			}
		}
		for _, p := range []string{"core.v1"} {
			if t, ok := types[p+"."+e.Sel.Name]; ok && e.X.(*ast.Ident).Name == "v1" {
				return t.doc
			}
		}
	}
	return ""
}

// What nobody sends or is answered.
var dropped = map[string]bool{"core.v1.AvoidPods": true, "core.v1.ComponentStatus": true, "core.v1.List": true,
	"core.v1.NodeProxyOptions": true, "core.v1.PodAttachOptions": true, "core.v1.PodExecOptions": true,
	"core.v1.PodLogOptions": true, "core.v1.PodPortForwardOptions": true, "core.v1.PodProxyOptions": true,
	"core.v1.PodStatusResult": true, "core.v1.RangeAllocation": true, "core.v1.SerializedReference": true,
	"core.v1.ServiceProxyOptions": true, "apiextensions.v1.ConversionReview": true}

func main() {
	mod, v := os.Args[1], "@v0.33.4"
	for _, p := range os.Args[2:] {
		parts := strings.SplitN(p, "/", 3)
		load(filepath.Join(mod, parts[0], parts[1]+v, parts[2]), p)
	}
	for name, t := range types {
		s, ok := t.spec.Type.(*ast.StructType)
		if !ok || strings.HasSuffix(t.name, "List") || t.pkg == "meta.v1" {
			continue
		}
		for _, f := range s.Fields.List {
			if x, ok := f.Type.(*ast.SelectorExpr); ok && len(f.Names) == 0 && x.Sel.Name == "TypeMeta" {
				want(name)
			}
		}
	}
	for _, n := range []string{"meta.v1.DeleteOptions", "meta.v1.Status"} {
		want(n)
	}
	for i := 0; i < len(wanted); i++ {
		fields(types[wanted[i]], "")
	}
	inlined := map[string]bool{"core.v1.VolumeSource": true, "core.v1.PersistentVolumeSource": true, "core.v1.ProbeHandler": true, "core.v1.EphemeralContainerCommon": true, "meta.v1.TypeMeta": true}
	var out []string
	sort.Strings(wanted)
	for _, w := range wanted {
		if inlined[w] || dropped[w] {
			continue
		}
		mark := ""
		if strings.Contains(types[w].doc, "+structType=atomic") || strings.Contains(types[w].doc, "+mapType=atomic") {
			mark = " atomic"
		}
		out = append(out, "= "+w+mark)
		out = append(out, fields(types[w], "")...)
	}
	fmt.Println(strings.Join(out, "\n"))
}
