import Columns
import Testing

@testable import Expressions

struct NullTests {
    @Test(arguments: [
        ("maybe != null ? maybe : 0", "double: 0.0"), ("maybe == null ? 1 : maybe", "double: 1.0"),
        ("!(maybe == null) ? maybe : 1", "double: 1.0"),
        ("maybe != null && maybe > 1", "bool: false"), ("maybe == null || maybe > 1", "bool: true"), ("null == maybe", "bool: true"),
        ("!(maybe == null || label == null) ? maybe + double(size(label)) : 0", "double: 0.0"),
        ("(maybe != null && label != null) && label == \"a\"", "bool: false"),
        ("has(maybe) ? maybe : 0", "double: 0.0"), ("or_else(maybe, 9)", "double: 9.0"), ("or_else(label, \"x\")", "string: x"),
        ("maybe", "double?: null"),
        ("true ? maybe : null", "double?: null"), ("ok ? value : null", "double?: 2.5"), ("ok ? null : metric", "string?: null"),
        ("null", "null?: null"), ("null == null", "bool: true"), ("value == null", "bool: false"),
        ("(ok ? maybe : null) != null", "bool: false"),
        ("machines != null", "bool: false"), ("machines != null ? machines.sku : \"none\"", "string: none"),
        ("machines.sku != null", "bool: false"),
        ("machines != null && machines.cores != null ? machines.cores : 0", "int: 0"),
        ("machines.cores != null ? machines.sku : \"-\"", "string: -"),
        ("has(machines.cores)", "bool: false"),
        ("has(machines.tags.os) ? machines.tags.os : machines == null ? \"?\" : \"-\"", "string: ?"),
        ("has(machines.tags.os) ? machines.sku : \"-\"", "string: -"), ("or_else(machines.tags[\"os\"], \"x\")", "string: x"),
        ("or_else(machines.tags.os, \"x\")", "string: x"), ("has(hint.a)", "bool: false"), ("or_else(maybe, null)", "double?: null"),
    ])
    func `tests let nullable values be used`(expression: String, expected: String) {
        #expect(Fixture.outcome(expression, Fixture.nulls) == expected)
    }

    @Test(arguments: [
        ("maybe != null ? maybe : 0", "double: 4.0"), ("machines != null ? machines.sku : \"none\"", "string: m5.large"),
        ("machines.cores != null ? machines.cores : 0", "int: 2"), ("has(machines.tags.os) ? machines.tags.os : \"\"", "string: linux"),
        ("or_else(machines.tags[\"os\"], \"x\")", "string: linux"), ("label", "string?: hé"), ("has(hint.a) ? hint.a : \"\"", "string: b"),
    ])
    func `values that are there are used`(expression: String, expected: String) {
        #expect(Fixture.outcome(expression) == expected)
    }

    @Test(arguments: [
        ("maybe + 1", "expression.nullable @0..<5"), ("maybe > 1 && maybe != null", "expression.nullable @0..<5"),
        ("maybe != null || maybe > 1", "expression.nullable @17..<22"), ("maybe == null ? maybe + 1 : 0", "expression.nullable @16..<21"),
        ("maybe == maybe", "expression.nullable @0..<5; expression.nullable @9..<14"),
        ("machines.sku == \"a\"", "expression.nullable @0..<12"),
        ("machines != null ? machines.cores + 1 : 0", "expression.nullable @19..<33"), ("hint.a", "expression.nullable @0..<4"),
        ("label in [\"a\"]", "expression.nullable @0..<5"), ("size(label)", "expression.nullable @5..<10"),
        ("(ok ? maybe : null) + 1", "expression.nullable @0..<19"),
        ("(maybe != null && ok) || maybe > 1", "expression.nullable @25..<30"),
        ("(maybe != null || ok) && maybe > 1", "expression.nullable @25..<30"),
    ])
    func `a nullable value without a test is found`(expression: String, expected: String) {
        #expect(Fixture.outcome(expression) == expected)
    }

    @Test func `the message names the field and shows both ways out`() {
        let field = Expression.compile("maybe + 1", over: Fixture.row).1[0]
        #expect(field.message == "'maybe' may be null")
        #expect(field.remedy == "Test it: maybe != null ? … : …, or give a default: or_else(maybe, 0.0).")
        let leaf = Expression.compile("machines.sku + \"a\"", over: Fixture.row).1[0]
        #expect(leaf.message == "'machines.sku' may be null, because 'machines' may be")
        #expect(leaf.remedy == "Test it: machines != null ? … : …, or give a default: or_else(machines.sku, \"\").")
    }

    @Test func `a caller may ask for a type, and for no nulls`() {
        #expect(Expression.compile("1", over: Fixture.row, expecting: .double).0?.constant == .double(1))
        #expect(Expression.compile("null", over: Fixture.row, expecting: .double).0?.type == ExpressionType(.double, isNullable: true))
        #expect(Expression.compile("metric", over: Fixture.row, expecting: .bool).1.map(\.code) == [.expressionType])
        #expect(Expression.compile("maybe", over: Fixture.row, mayBeNull: false).1.map(\.code) == [.expressionNullable])
    }
}
