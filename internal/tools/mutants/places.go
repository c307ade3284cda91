package main

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"slices"
	"strconv"
	"strings"
)

// A place is one change of one source file: the bytes from start to end become text.
type place struct {
	number     int    // from 1, within the package
	file       string // as the package lists it: "same.go"
	start, end int
	text       string
	line       int
	column     int
	first      int // lines of the function it stands in; both 0 outside of functions
	last       int
	edits      []edit // how the file gets the change beside all others
	isNumber   bool   // its type is for the compiler to say, which may refuse it
}

// opposite has what each operator is changed into, besides being denied.
var opposite = map[token.Token]string{
	token.EQL: "!=", token.NEQ: "==", token.LSS: ">=", token.LEQ: ">", token.GTR: "<=", token.GEQ: "<",
}

// boundary has the operators that differ for equal values only.
var boundary = map[token.Token]string{token.LSS: "<=", token.LEQ: "<", token.GTR: ">=", token.GEQ: ">"}

// finder collects the places of a package, file after file.
type finder struct {
	set         *token.FileSet
	content     []byte
	name        string
	first, last int
	skip        map[ast.Node]bool
	found       []place
}

// file adds the places of a source file, outer ones before those inside them.
func (f *finder) file(path, name string) error {
	content, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	f.set, f.content, f.name, f.skip = token.NewFileSet(), content, name, map[ast.Node]bool{nil: true}
	file, err := parser.ParseFile(f.set, path, content, parser.SkipObjectResolution)
	if err != nil {
		return err
	}
	for _, declaration := range file.Decls {
		f.first, f.last = 0, 0
		if function, ok := declaration.(*ast.FuncDecl); ok {
			f.first, f.last = f.set.Position(function.Pos()).Line, f.set.Position(function.End()).Line
		}
		ast.Inspect(declaration, func(node ast.Node) bool {
			// A number that has a name is a choice, which a test could only repeat.
			if declaration, ok := node.(*ast.GenDecl); ok && declaration.Tok == token.CONST {
				return false
			}
			if !f.skip[node] {
				f.visit(node)
			}
			return true
		})
	}
	return nil
}

func (f *finder) visit(node ast.Node) {
	switch node := node.(type) {
	case *ast.IfStmt:
		f.skip[node.Init] = true
		f.negate(node.Cond)
	case *ast.ForStmt:
		f.skip[node.Init], f.skip[node.Post] = true, true
		f.negate(node.Cond)
	case *ast.SwitchStmt:
		f.skip[node.Init] = true
		if node.Tag == nil {
			f.negateCases(node.Body)
		}
	case *ast.TypeSwitchStmt:
		f.skip[node.Init], f.skip[node.Assign] = true, true
	case *ast.CommClause:
		f.skip[node.Comm] = true
	case *ast.ArrayType:
		f.skip[node.Len] = true
	case *ast.BinaryExpr:
		f.operator(node)
	case *ast.Ident:
		switch node.Name {
		case "true":
			f.deny(node, "false")
		case "false":
			f.deny(node, "true")
		}
	case *ast.BasicLit:
		f.shift(node)
	case *ast.ReturnStmt:
		f.empty(node)
	case ast.Stmt:
		f.drop(node)
	}
}

// operator changes a comparison, or what joins two conditions.
func (f *finder) operator(node *ast.BinaryExpr) {
	start, end := node.OpPos, node.OpPos+token.Pos(len(node.Op.String()))
	if other, ok := opposite[node.Op]; ok {
		f.add(start, end, other, denial(node)...)
	}
	if other, ok := boundary[node.Op]; ok {
		helper := map[token.Token]string{token.LSS: "mutantLess", token.LEQ: "mutantAtMost", token.GTR: "mutantMore", token.GEQ: "mutantAtLeast"}[node.Op]
		f.add(start, end, other, wrap(node, helper+"(#, ", ")"), edit{start: start, end: end, prefix: ","})
	}
	if other, ok := map[token.Token]string{token.LAND: "||", token.LOR: "&&"}[node.Op]; ok {
		// Denied parts and a denied whole make the one the other (De Morgan).
		f.add(
			start, end, other, wrap(node, "(mutantOn(#) != ((mutantOn(#) != (", "))))"),
			edit{start: start, end: end, prefix: ")) " + node.Op.String() + " (mutantOn(#) != ("},
		)
	}
}

// denial turns a condition round.
func denial(node ast.Node) []edit { return []edit{wrap(node, "(mutantOn(#) != (", "))")} }

func (f *finder) deny(node ast.Node, text string) {
	f.add(node.Pos(), node.End(), text, denial(node)...)
}

// negate turns the condition of a statement round. A comparison or a combination is left to its
// operator.
func (f *finder) negate(condition ast.Expr) {
	switch condition := condition.(type) {
	case nil, *ast.BinaryExpr:
	case *ast.UnaryExpr:
		f.deny(condition, strings.TrimPrefix("!"+f.source(condition), "!!"))
	default:
		f.deny(condition, "!"+f.source(condition))
	}
}

func (f *finder) negateCases(body *ast.BlockStmt) {
	for _, clause := range body.List {
		for _, condition := range clause.(*ast.CaseClause).List {
			f.negate(condition)
		}
	}
}

// shift makes a whole number one more, and one less. Of a shift by a variable the compiler takes the
// type that the number would have, whichever that is.
func (f *finder) shift(literal *ast.BasicLit) {
	if literal.Kind != token.INT {
		return
	}
	number, err := strconv.ParseInt(literal.Value, 0, 64)
	if err != nil {
		return
	}
	f.add(literal.Pos(), literal.End(), strconv.FormatInt(number+1, 10), wrap(literal, "(", " + 1>>mutantOff(#))"))
	f.found[len(f.found)-1].isNumber = true
	if number > 0 {
		f.add(literal.Pos(), literal.End(), strconv.FormatInt(number-1, 10), wrap(literal, "(", " - 1>>mutantOff(#))"))
		f.found[len(f.found)-1].isNumber = true
	}
}

// empty returns "" in place of a text. What stands beside an error, or beside a false that says
// that there is nothing, is for nobody, and is left as it is.
func (f *finder) empty(statement *ast.ReturnStmt) {
	results := statement.Results
	if len(results) == 0 {
		f.leaveOut(statement)
		return
	}
	last := len(results) - 1
	nothing := last > 0 && !slices.Contains([]string{"nil", "true"}, f.source(results[last]))
	for i, result := range results {
		literal, ok := result.(*ast.BasicLit)
		switch {
		case nothing && i < last:
			f.skip[result] = true
		case ok && literal.Kind == token.STRING && len(literal.Value) > 2:
			f.add(literal.Pos(), literal.End(), `""`, wrap(literal, "mutantText(#, ", ")"))
		}
	}
}

// drop leaves a statement out.
func (f *finder) drop(statement ast.Stmt) {
	switch statement := statement.(type) {
	case *ast.ExprStmt:
		// Without a panic at its end a function would lack a result.
		if call, ok := statement.X.(*ast.CallExpr); ok && f.source(call.Fun) == "panic" {
			return
		}
		f.leaveOut(statement)
	case *ast.IncDecStmt, *ast.DeferStmt:
		f.leaveOut(statement)
	case *ast.BranchStmt:
		if statement.Tok == token.BREAK || statement.Tok == token.CONTINUE {
			f.leaveOut(statement)
		}
	case *ast.AssignStmt:
		if statement.Tok != token.DEFINE && f.source(statement.Lhs[0]) != "_" {
			f.leaveOut(statement)
		}
	}
}

func (f *finder) leaveOut(statement ast.Stmt) {
	f.add(statement.Pos(), statement.End(), "", wrap(statement, "if !mutantOn(#) { ", " }"))
}

func (f *finder) add(start, end token.Pos, text string, edits ...edit) {
	from := f.set.Position(start)
	f.found = append(f.found, place{
		number: len(f.found) + 1, file: f.name, start: from.Offset, end: f.set.Position(end).Offset, text: text,
		line: from.Line, column: from.Column, first: f.first, last: f.last, edits: f.offsets(edits),
	})
}

// offsets makes positions in the file set offsets in the file.
func (f *finder) offsets(edits []edit) []edit {
	for i := range edits {
		edits[i].start, edits[i].end = token.Pos(f.set.Position(edits[i].start).Offset), token.Pos(f.set.Position(edits[i].end).Offset)
	}
	return edits
}

func (f *finder) source(node ast.Node) string {
	return string(f.content[f.set.Position(node.Pos()).Offset:f.set.Position(node.End()).Offset])
}

// apply returns the source with the change made.
func (p place) apply(content []byte) []byte {
	return slices.Concat(content[:p.start], []byte(p.text), content[p.end:])
}

// describe shows where the change is, and the line before and after it.
func (p place) describe(content []byte) string {
	begin := strings.LastIndexByte(string(content[:p.start]), '\n') + 1
	lineOf := func(source []byte) string {
		line, _, _ := strings.Cut(string(source[begin:]), "\n")
		return strings.TrimSpace(line)
	}
	return fmt.Sprintf("%s:%d\n\t- %s\n\t+ %s", p.file, p.line, lineOf(content), lineOf(p.apply(content)))
}
