public import Base

extension ErrorCode {
    public static let badName = ErrorCode("topology.bad_name")
    public static let badDuration = ErrorCode("topology.bad_duration")
    public static let badValue = ErrorCode("topology.bad_value")
    public static let emptyValue = ErrorCode("topology.empty")
}

/// The grammar of names, as bytes: no regular expression is needed for `[a-z][a-z0-9_]*`.
enum NameGrammar {
    static let allowedForm = "a small letter, then small letters, digits and '_', \(bytesMax) at most"

    /// Names are parts of state keys, which have one byte for a length, and two of them of a topic's name, which has
    /// 249 bytes.
    private static let bytesMax = 100

    static func isName(_ text: String) -> Bool {
        guard let first = text.utf8.first, isSmall(first), text.utf8.count <= bytesMax else { return false }
        return text.utf8.allSatisfy { isSmall($0) || isDigit($0) || $0 == UInt8(ascii: "_") }
    }

    /// `a.b`, each segment as Avro has names.
    static func isPath(_ text: String) -> Bool {
        text.split(separator: ".", omittingEmptySubsequences: false).allSatisfy { segment in
            guard let first = segment.utf8.first, isLetter(first) || first == UInt8(ascii: "_") else { return false }
            return segment.utf8.allSatisfy { isLetter($0) || isDigit($0) || $0 == UInt8(ascii: "_") }
        }
    }

    /// A schema's file name without `.avsc`; no separators, so it cannot lead elsewhere.
    static func isSchemaName(_ text: String) -> Bool {
        guard let first = text.utf8.first, isLetter(first) || isDigit(first) else { return false }
        return text.utf8.allSatisfy { isLetter($0) || isDigit($0) || $0 == UInt8(ascii: "_") || $0 == UInt8(ascii: "-") }
    }

    /// `/api/v1/resources`: segments of letters, digits, `-`, `_` and `.`, each beginning with a letter or digit.
    static func isURLPath(_ text: String) -> Bool {
        guard text.hasPrefix("/"), text.utf8.count <= 256 else { return false }
        return text.dropFirst().split(separator: "/", omittingEmptySubsequences: false).allSatisfy { segment in
            guard let first = segment.utf8.first, isLetter(first) || isDigit(first) else { return false }
            return segment.utf8.allSatisfy { isLetter($0) || isDigit($0) || [45, 46, 95].contains($0) }
        }
    }

    private static func isSmall(_ byte: UInt8) -> Bool { (97...122).contains(byte) }
    private static func isLetter(_ byte: UInt8) -> Bool { isSmall(byte) || (65...90).contains(byte) }
    private static func isDigit(_ byte: UInt8) -> Bool { (48...57).contains(byte) }
}

extension ValueForm where Value == Located<String> {
    /// A name that the file gives to something of its own.
    static let name = checked("a name: \(NameGrammar.allowedForm)", .badName, NameGrammar.isName)
    /// A name that refers to a source or stream of the file.
    static let reference = checked("the name of a source or stream", .badName, NameGrammar.isName)
    /// A name that something of the file had before.
    static let formerName = checked("the name that the stream had: \(NameGrammar.allowedForm)", .badName, NameGrammar.isName)
    static let fieldPath = checked("a field, or a path like window.start", .badName, NameGrammar.isPath)
    static let schemaName = checked("the name of a file in schemas/, without .avsc", .badName, NameGrammar.isSchemaName)
    static let urlPath = checked("a path like /api/v1/resources", .badValue, NameGrammar.isURLPath, kind: .literal)
    static let topic = checked(
        "a topic's name: \(TopicName.allowedForm), not beginning with '_pioneer.'", .badName,
        { text in TopicName(text).map { !$0.isInternal } ?? false })

    private static func checked(
        _ type: String, _ code: ErrorCode, _ isValid: @escaping @Sendable (String) -> Bool, kind: FormatKind = .name
    ) -> ValueForm {
        ValueForm(type, kind) { node, findings in
            guard let text = node.text(for: type, findings) else { return nil }
            guard isValid(text.value) else {
                findings.add(code, "'\(text.value.shortened)' is not \(type)", remedy: "Allowed: \(type).", at: text.location)
                return nil
            }
            return text
        }
    }
}

extension ValueForm where Value == String {
    /// Text for people.
    static let text = ValueForm("a text", .literal) { node, findings in node.text(for: "a text", findings)?.value }

    /// One of some words. - Parameter later: words of the language that this version lacks.
    static func choice(_ words: [String], later: [String] = []) -> ValueForm {
        let type = words.count == 1 ? "\(words[0])" : "one of \(words.joined(separator: ", "))"
        return ValueForm(type, .literal) { node, findings in
            guard let text = node.text(for: type, findings) else { return nil }
            if words.contains(text.value) { return text.value }
            if later.contains(text.value) {
                findings.add(
                    .notAvailable, "'\(text.value)' is part of the language but not of this version",
                    remedy: "This version has: \(words.joined(separator: ", ")).", at: text.location)
            } else {
                let nearest = nearestName(to: text.value, among: words + later).map { "Did you mean '\($0)'? " } ?? ""
                findings.add(
                    .badValue, "'\(text.value.shortened)' is not a choice here",
                    remedy: nearest + "Allowed: \(words.joined(separator: ", ")).", at: text.location)
            }
            return nil
        }
    }
}

extension ValueForm where Value == Located<TimeSpan> {
    static let duration = ValueForm("a duration", .literal) { node, findings in
        let form = "a duration: " + TimeSpan.allowedForm
        guard let text = node.text(for: form, findings) else { return nil }
        guard let span = TimeSpan(text.value) else {
            findings.add(
                .badDuration, "'\(text.value.shortened)' is not a duration", remedy: "Allowed: \(TimeSpan.allowedForm).", at: text.location)
            return nil
        }
        return Located(span, text.location)
    }

    /// A duration longer than nothing.
    static let positiveDuration = ValueForm("a duration longer than 0", .literal) { node, findings in
        guard let span = duration.read(node, findings) else { return nil }
        guard span.value > .zero else {
            findings.add(.badDuration, "'\(span.value)' is too short", remedy: "It is longer than 0: 30s, 5m, 1h.", at: span.location)
            return nil
        }
        return span
    }
}

extension ValueForm where Value == Located<EventTime> {
    static let time = ValueForm("a time", .literal) { node, findings in
        guard let text = node.text(for: EventTime.allowedForm, findings) else { return nil }
        guard let time = EventTime(text.value) else {
            findings.add(
                .badValue, "'\(text.value.shortened)' is not a time", remedy: "Allowed: \(EventTime.allowedForm).", at: text.location)
            return nil
        }
        return Located(time, text.location)
    }
}

extension ValueForm where Value == Located<Int> {
    static let count = ValueForm("a whole number, 0 or more", .literal) { node, findings in
        guard let text = node.text(for: "a whole number", findings) else { return nil }
        guard let number = Int(text.value), number >= 0 else {
            findings.add(
                .badValue, "'\(text.value.shortened)' is not a whole number", remedy: "Allowed: 0, 1, 2, and so on.", at: text.location)
            return nil
        }
        return Located(number, text.location)
    }
}

extension ValueForm where Value == Bool {
    static let bool = ValueForm("true or false", .literal) { node, findings in
        switch node.scalar?.text {
        case "true": return true
        case "false": return false
        default:
            guard !node.isReported else { return nil }
            findings.add(.wrongType, "\(node.described) is neither true nor false", remedy: "Allowed: true, false.", at: node.location)
            return nil
        }
    }
}

extension ValueForm where Value == ExpressionText {
    static let expression = ValueForm("an expression", .expression) { node, findings in
        guard node.text(for: "an expression (CEL), in quotes where it contains ': ' or ' #'", findings) != nil,
            let scalar = node.scalar
        else { return nil }
        guard scalar.text.contains(where: { !$0.isWhitespace }) else {
            findings.add(.emptyValue, "an empty expression", remedy: "Write an expression, for example 'value > 5.0'.", at: node.location)
            return nil
        }
        return ExpressionText(scalar.text, places: scalar.places)
    }
}
