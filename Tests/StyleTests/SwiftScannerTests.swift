import Testing

private func code(_ text: String) -> String { String(decoding: SwiftScanner(text).code, as: UTF8.self) }

@Test func `comments are no code, nested ones and their line breaks included`() {
    #expect(code("a // b\nc") == "a     \nc")
    #expect(code("a /* b /* c */ \n d */ e") == "a              \n      e")
}

@Test func `the inside of strings is no code, but that of interpolations is`() {
    #expect(code(#"f("try! {") + x"#) == #"f("      ") + x"#)
    #expect(code(#""a\(b("c", d))e" f"#) == #"" \(b(" ", d)) " f"#)
    #expect(code(#""a\"b" c"#) == #""    " c"#)
    #expect(code("\"\"\"\n a \" b\n\"\"\" c") == "\"\"\"\n      \n\"\"\" c")
}

@Test func `raw strings end at their own marks`() {
    #expect(code(##"#"a " \( b"# c"##) == ##"#"        "# c"##)
    #expect(code(##"#"a\#(b)"# c"##) == ##"#" \#(b)"# c"##)
    #expect(code("#if os(Linux)\nx") == "#if os(Linux)\nx")
}

@Test func `functions are measured from their declaration to their closing brace`() {
    let text = """
        struct A {
            init(x: Int = { 3 }()) {
                self.init()
            }
            func one(_ f: () -> Void = {}) -> Int { 1 }
            func `two words here`() {
                func inner() {
                }
            }
            deinit { }
        }
        """
    let functions = SwiftScanner(text).functions
    #expect(functions.map(\.line) == [2, 5, 6, 7, 10])
    #expect(functions.map(\.lineCount) == [3, 1, 4, 2, 1])
}

@Test func `requirements without a body are no functions`() {
    let text = "protocol P {\n    func a()\n    init(b: Int)\n    var c: Int { get }\n    func d() throws -> Int\n}\nfunc e() {\n}\n"
    #expect(SwiftScanner(text).functions == [.init(name: "e", line: 7, lineCount: 2)])
}

@Test func `calls are found as whole words outside of comments and strings`() {
    let text = "print(1)\nself.print(2)\nblueprint(3)\n// print(4)\nlet s = \"print(5)\"\nlet t = \"\\(print(6))\"\n"
    let file = SourceFile(path: "Sources/Base/X.swift", text: text)
    #expect(file.lines(calling: "print(").map { $0 } == [1, 6])
}
