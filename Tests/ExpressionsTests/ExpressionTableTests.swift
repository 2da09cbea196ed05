import Testing

@testable import Expressions

/// Expressions and what they give on the fixture's row: type and value, fault, or issue.
struct ExpressionTableTests {
    @Test(arguments: [
        ("1 + 2 * 3", "int: 7"), ("7 / -2", "int: -3"), ("-7 % 3", "int: -1"), ("-count", "int: -7"),
        ("9223372036854775807 + 1", "int: fault integer overflow"), ("-9223372036854775808 - 1", "int: fault integer overflow"),
        ("-(-9223372036854775808)", "int: fault integer overflow"), ("count * 9223372036854775807", "int: fault integer overflow"),
        ("-9223372036854775808 / -1", "int: fault integer overflow"), ("-9223372036854775808 % -1", "int: 0"),
        ("1 / 0", "int: fault division by zero"), ("count % 0", "int: fault modulus by zero"),
        ("value / 0.0", "double: inf"), ("0.0 / 0.0 == 0.0 / 0.0", "bool: false"), ("value * 2", "double: 5.0"),
        ("1 + value", "double: 3.5"), ("-value", "double: -2.5"), ("\"a\" + metric", "string: acpu_utilization"),
        ("b\"a\" + raw", "bytes: [97, 1, 255]"),
    ])
    func `arithmetic gives CEL's values and faults`(expression: String, expected: String) {
        #expect(Fixture.outcome(expression) == expected)
    }

    @Test(arguments: [
        ("value > 2", "bool: true"), ("count < 7.5", "bool: true"), ("2.5 == value", "bool: true"), ("count == value", "bool: false"),
        ("metric == \"cpu_utilization\"", "bool: true"), ("metric != \"cpu_utilizatioN\"", "bool: true"),
        ("metric < \"d\"", "bool: true"), ("\"\" < \"a\"", "bool: true"), ("raw >= b\"\\x01\"", "bool: true"),
        ("false < ok", "bool: true"), ("at <= at", "bool: true"), ("span > duration(\"1h\")", "bool: true"),
        ("tags == machines_tags_or_not", "expression.unknown_field @8..<28"), ("tags == tags", "bool: true"),
        ("tags < tags", "expression.type @0..<11"), ("metric == 1", "expression.type @0..<11"),
        ("count in [1, 7]", "bool: true"), ("value in [1, 2.5]", "bool: true"), ("count in [1.0, 7.0]", "bool: true"),
        ("metric in []", "bool: false"), ("metric in [\"x\", \"cpu_utilization\"]", "bool: true"),
        ("metric in [1, 2]", "expression.type @0..<16"), ("metric in [1, \"x\"]", "bool: false"),
        ("at in [timestamp(\"2026-01-05T00:00:00Z\")]", "bool: true"),
        ("metric in [metric]", "expression.unsupported @11..<17"), ("count in [1 / 0]", "bool: fault division by zero"),
    ])
    func `comparisons work on every scalar type`(expression: String, expected: String) {
        #expect(Fixture.outcome(expression) == expected)
    }

    @Test(arguments: [
        ("false && 1 / 0 > 1", "bool: false"), ("1 / 0 > 1 && false", "bool: false"), ("1 / 0 > 1 || true", "bool: true"),
        ("true || 1 / 0 > 1", "bool: true"), ("true && 1 / 0 > 1", "bool: fault division by zero"),
        ("1 % 0 > 1 || 1 / 0 > 1", "bool: fault modulus by zero"), ("!(1 / 0 > 1)", "bool: fault division by zero"),
        ("ok ? 1 : 1 / 0", "int: 1"), ("ok ? 1 / 0 : 1", "int: fault division by zero"),
        ("1 / 0 > 1 ? 1 : 2", "int: fault division by zero"), ("ok ? value : 0", "double: 2.5"), ("!ok ? value : 0", "double: 0.0"),
        ("ok ? \"a\" : metric", "string: a"), ("!ok ? \"a\" : metric", "string: cpu_utilization"),
        ("ok ? 1 : \"a\"", "expression.type @0..<12"), ("count ? 1 : 2", "expression.type @0..<5"),
        ("ok && count", "expression.type @6..<11"), ("!count", "expression.type @1..<6"),
    ])
    func `logic absorbs faults as CEL does`(expression: String, expected: String) {
        #expect(Fixture.outcome(expression) == expected)
    }

    @Test(arguments: [
        ("size(\"héllo\")", "int: 5"), ("raw.size()", "int: 2"), ("size(tags)", "int: 2"),
        ("metric.contains(\"util\")", "bool: true"), ("metric.contains(\"utix\")", "bool: false"), ("metric.contains(\"\")", "bool: true"),
        ("metric.startsWith(\"cpu\")", "bool: true"), ("metric.endsWith(\"ion\")", "bool: true"), ("\"a\".endsWith(\"ba\")", "bool: false"),
        ("\"AÉz\".lowerAscii()", "string: aÉz"), ("\"aéZ\".upperAscii()", "string: AéZ"),
        ("\" \\t\u{2003}x y\u{a0}\".trim()", "string: x y"), ("\"  \".trim()", "string: "),
        ("tags[\"timezone\"]", "string: Europe/Berlin"), ("tags.timezone", "string: Europe/Berlin"),
        ("tags[metric]", "string: fault no such key"),
        ("\"team\" in tags", "bool: true"), ("metric in tags", "bool: false"), ("has(tags.timezone)", "bool: true"),
        ("has(tags.zone)", "bool: false"),
        ("or_else(tags.zone, \"UTC\")", "string: UTC"), ("or_else(tags[\"zone\"], \"UTC\")", "string: UTC"),
        ("or_else(string(1 / 0), \"UTC\")", "string: fault division by zero"),
        ("or_else(tags.zone, string(1 / 0))", "string: fault division by zero"),
        ("or_else(tags.team, string(1 / 0))", "string: web"), ("tags.a.b", "expression.type @7..<8"), ("tags[1]", "expression.type @0..<7"),
    ])
    func `strings and maps are searched and indexed`(expression: String, expected: String) {
        #expect(Fixture.outcome(expression) == expected)
    }

    @Test(arguments: [
        ("at + span", "timestamp: 2026-01-05T01:30:00Z"), ("span + at", "timestamp: 2026-01-05T01:30:00Z"),
        ("at - duration(\"1h\")", "timestamp: 2026-01-04T23:00:00Z"), ("now() - at", "duration: 12h"), ("span - span", "duration: 0s"),
        ("-span", "duration: -1h30m"),
        ("timestamp(\"9999-12-31T23:59:59Z\") + span", "timestamp: fault timestamp or duration out of range"),
        ("timestamp(\"9999-12-31T23:59:59Z\") - timestamp(\"0001-01-01T00:00:00Z\")", "duration: fault timestamp or duration out of range"),
        ("timestamp(1)", "timestamp: 1970-01-01T00:00:01Z"), ("int(at)", "int: 1767571200"),
        ("int(timestamp(\"1969-12-31T23:59:59.5Z\"))", "int: -1"),
        ("string(at)", "string: 2026-01-05T00:00:00Z"), ("string(span)", "string: 5400s"), ("string(duration(\"-1.5s\"))", "string: -1.5s"),
        ("duration(\"1h1.25m-\")", "expression.constant @9..<19"), ("timestamp(\"yesterday\")", "expression.constant @10..<21"),
        ("timestamp(metric)", "timestamp: fault the value cannot be converted"), ("at * 2", "expression.type @0..<6"),
        ("int(2.9)", "int: 2"), ("int(-2.9)", "int: -2"), ("int(1e19)", "int: fault the value cannot be converted"),
        ("int(\"-12\")", "int: -12"),
        ("int(metric)", "int: fault the value cannot be converted"), ("double(count)", "double: 7.0"),
        ("double(\"1e3\")", "double: 1000.0"),
        ("string(count)", "string: 7"), ("string(2.0)", "string: 2"), ("string(ok)", "string: true"),
        ("string(raw)", "string: fault the value cannot be converted"),
        ("string(b\"h\\xc3\\xa9\")", "string: hé"), ("bytes(\"é\")", "bytes: [195, 169]"), ("bool(\"True\")", "bool: true"),
        ("bool(\"yes\")", "bool: fault the value cannot be converted"),
    ])
    func `times and conversions keep to their ranges`(expression: String, expected: String) {
        #expect(Fixture.outcome(expression) == expected)
    }

    @Test(arguments: [
        ("valeu + 1", "expression.unknown_field @0..<5"), ("window.hour", "expression.unknown_field @7..<11"),
        ("metric.contain(\"a\")", "expression.unknown_function @7..<14"), ("siez(metric)", "expression.unknown_function @0..<4"),
        ("size(metric, 1)", "expression.arity @0..<15"), ("metric.startsWith()", "expression.arity @0..<19"),
        ("now(1)", "expression.arity @0..<6"),
        ("contains(metric, \"a\")", "expression.unknown_function @0..<8"), ("metric + 1", "expression.type @0..<10"),
        ("valeu + (metric * 2) + conut", "expression.unknown_field @0..<5; expression.type @8..<20; expression.unknown_field @23..<28"),
        ("é", "expression.syntax @0..<2"), ("\"é\" + valeu", "expression.unknown_field @7..<12"),
        ("count % value", "expression.type @0..<13"),
        ("[1, 2]", "expression.unsupported @0..<6"), ("{\"a\": 1}", "expression.unsupported @0..<8"),
        ("1u + 2u", "expression.unsupported @0..<2; expression.unsupported @5..<7"),
        ("a.B{c: 1}", "expression.unsupported @0..<9"), ("tags.all(x, x == \"a\")", "expression.unsupported @0..<21"),
        ("metric.matches(\"a\")", "expression.unsupported @0..<19"), ("machines", "expression.type @0..<8"),
        ("window == window", "expression.type @0..<6; expression.type @10..<16"),
        ("null + 1", "expression.type @0..<4"), ("math.abs(1)", "expression.unknown_field @0..<4; expression.unknown_function @5..<8"),
        ("has(has(tags.a).b)", "expression.type @16..<17"), ("or_else(or_else(tags.a, \"\").b, \"\")", "expression.type @28..<29"),
    ])
    func `every mistake is found in one run, with its place`(expression: String, expected: String) {
        let (compiled, issues) = Expression.compile(expression, over: Fixture.row)
        #expect(compiled == nil)
        #expect(issues.map { "\($0.code) @\($0.range)" }.joined(separator: "; ") == expected)
    }

    @Test func `messages name the types, what is allowed and the nearest name`() {
        let type = Expression.compile("metric + count", over: Fixture.row).1[0]
        #expect(type.message == "'+' does not take string and int")
        #expect(type.remedy?.contains("string + string") == true)
        let field = Expression.compile("window.hour > 1.0", over: Fixture.row).1[0]
        #expect(field.message == "record 'window' has no field 'hour'")
        #expect(field.remedy == "Did you mean 'hours'? Fields: hours, start.")
        let function = Expression.compile("metric.startWith(\"a\")", over: Fixture.row).1[0]
        #expect(function.remedy?.hasPrefix("Did you mean 'startsWith'?") == true)
        let mixed = Expression.compile("value + count", over: Fixture.row).1[0]
        #expect(mixed.remedy?.hasPrefix("turn the int into a double with double(…)") == true)
    }
}
