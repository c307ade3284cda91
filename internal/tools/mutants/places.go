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
	file       string // as the package lists it: "same.go"
	start, end int
	text       string
	line       int
	column     int
	first      int // lines of the function it stands in; both 0 outside of functions
	last       int
}

// opposite has what each operator is changed into.
var opposite = map[token.Token][]string{
	token.EQL: {"!="}, token.NEQ: {"=="},
	token.LSS: {"<=", ">="}, token.LEQ: {"<", ">"},
	token.GTR: {">=", "<="}, token.GEQ: {">", "<"},
	token.LAND: {"||"}, token.LOR: {"&&"},
}

// finder collects the places of one file.
type finder struct {
	set         *token.FileSet
	content     []byte
	name        string
	first, last int
	skip        map[ast.Node]bool
	found       []place
}

// placesIn lists all places of a source file, in the order of the file.
func placesIn(path, name string) ([]place, error) {
	content, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	set := token.NewFileSet()
	file, err := parser.ParseFile(set, path, content, parser.SkipObjectResolution)
	if err != nil {
		return nil, err
	}
	f := &finder{set: set, content: content, name: name, skip: map[ast.Node]bool{}}
	for _, declaration := range file.Decls {
		f.first, f.last = 0, 0
		if function, ok := declaration.(*ast.FuncDecl); ok {
			f.first, f.last = set.Position(function.Pos()).Line, set.Position(function.End()).Line
		}
		for node := range ast.Preorder(declaration) {
			if f.skip[node] {
				continue
			}
			f.visit(node)
		}
	}
	slices.SortStableFunc(f.found, func(a, b place) int { return a.start - b.start })
	return f.found, nil
}

func (f *finder) visit(node ast.Node) {
	switch node := node.(type) {
	case *ast.IfStmt:
		f.negate(node.Cond)
	case *ast.ForStmt:
		f.negate(node.Cond)
		// Without it the loop never ends, which says nothing about the tests.
		f.skip[node.Post] = node.Post != nil
	case *ast.SwitchStmt:
		if node.Tag == nil {
			f.negateCases(node.Body)
		}
	case *ast.BinaryExpr:
		for _, operator := range opposite[node.Op] {
			f.add(node.OpPos, node.OpPos+token.Pos(len(node.Op.String())), operator)
		}
	case *ast.Ident:
		switch node.Name {
		case "true":
			f.add(node.Pos(), node.End(), "false")
		case "false":
			f.add(node.Pos(), node.End(), "true")
		}
	case *ast.BasicLit:
		f.shift(node)
	case *ast.ReturnStmt:
		f.empty(node)
	case ast.Stmt:
		f.drop(node)
	}
}

// negate turns a condition round. A comparison or a combination is left to its operator.
func (f *finder) negate(condition ast.Expr) {
	switch condition := condition.(type) {
	case nil:
	case *ast.BinaryExpr:
	case *ast.UnaryExpr:
		if condition.Op == token.NOT {
			f.add(condition.OpPos, condition.OpPos+1, "")
		}
	default:
		f.add(condition.Pos(), condition.End(), "!("+f.source(condition)+")")
	}
}

func (f *finder) negateCases(body *ast.BlockStmt) {
	for _, clause := range body.List {
		for _, condition := range clause.(*ast.CaseClause).List {
			f.negate(condition)
		}
	}
}

// shift makes a whole number one more, and one less.
func (f *finder) shift(literal *ast.BasicLit) {
	if literal.Kind != token.INT {
		return
	}
	number, err := strconv.ParseInt(literal.Value, 0, 64)
	if err != nil {
		return
	}
	f.add(literal.Pos(), literal.End(), strconv.FormatInt(number+1, 10))
	if number > 0 {
		f.add(literal.Pos(), literal.End(), strconv.FormatInt(number-1, 10))
	}
}

// empty returns "" in place of a text. A 0 beside other results is what stands there when those
// say that there is nothing, and is left as it is.
func (f *finder) empty(statement *ast.ReturnStmt) {
	for _, result := range statement.Results {
		literal, ok := result.(*ast.BasicLit)
		switch {
		case !ok:
		case literal.Kind == token.STRING && len(literal.Value) > 2:
			f.add(literal.Pos(), literal.End(), `""`)
		case literal.Value == "0" && len(statement.Results) > 1:
			f.skip[literal] = true
		}
	}
	if len(statement.Results) == 0 {
		f.add(statement.Pos(), statement.End(), "")
	}
}

// drop leaves a statement out. Of an assignment it leaves what is computed, so that the
// variables there are still in use.
func (f *finder) drop(statement ast.Stmt) {
	switch statement := statement.(type) {
	case *ast.ExprStmt, *ast.IncDecStmt, *ast.DeferStmt:
		f.add(statement.Pos(), statement.End(), "")
	case *ast.BranchStmt:
		if statement.Tok == token.BREAK || statement.Tok == token.CONTINUE {
			f.add(statement.Pos(), statement.End(), "")
		}
	case *ast.AssignStmt:
		if statement.Tok == token.DEFINE || allBlank(statement.Lhs) {
			return
		}
		if !slices.ContainsFunc(statement.Rhs, computes) {
			f.add(statement.Pos(), statement.End(), "")
			return
		}
		blanks := strings.TrimSuffix(strings.Repeat("_, ", len(statement.Lhs)), ", ")
		f.add(statement.Pos(), statement.Rhs[0].Pos(), blanks+" = ")
	}
}

func allBlank(expressions []ast.Expr) bool {
	return !slices.ContainsFunc(expressions, func(expression ast.Expr) bool {
		name, ok := expression.(*ast.Ident)
		return !ok || name.Name != "_"
	})
}

// computes tells whether an expression is more than a literal, nil, true or false.
func computes(expression ast.Expr) bool {
	switch expression := expression.(type) {
	case *ast.BasicLit:
		return false
	case *ast.Ident:
		return !slices.Contains([]string{"nil", "true", "false"}, expression.Name)
	}
	return true
}

func (f *finder) add(start, end token.Pos, text string) {
	from := f.set.Position(start)
	f.found = append(f.found, place{
		file: f.name, start: from.Offset, end: f.set.Position(end).Offset, text: text,
		line: from.Line, column: from.Column, first: f.first, last: f.last,
	})
}

func (f *finder) source(node ast.Node) string {
	return string(f.content[f.set.Position(node.Pos()).Offset:f.set.Position(node.End()).Offset])
}

// apply gives the source with the change made.
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
