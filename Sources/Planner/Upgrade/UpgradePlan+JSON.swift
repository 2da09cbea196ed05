public import Columns

// How a plan goes from a running engine to who asked for it, and what `pioneer plan --json` prints.

extension UpgradePlan {
    public var json: JSONValue {
        func number(_ number: (some BinaryInteger)?) -> JSONValue { JSONValue(number.map { .number(String($0)) } ?? .null) }
        func object(_ members: KeyValuePairs<String, JSONValue>) -> JSONValue {
            JSONValue(.object(members.map { JSONMember(key: $0.key, value: $0.value) }))
        }
        func texts(_ texts: [String]) -> JSONValue { JSONValue(.array(texts.map { JSONValue(.string($0)) })) }
        let changes = changes.map { change in
            object([
                "part": JSONValue(.string(change.part.rawValue)), "name": JSONValue(.string(change.name)),
                "verdict": JSONValue(.string(change.verdict.rawValue)), "why": texts(change.why), "loses": JSONValue(.bool(change.loses)),
                "state_bytes": number(change.stateBytes), "rows": number(change.rows),
            ])
        }
        let inputs = inputs.map { input in
            object([
                "topic": JSONValue(.string(input.topic)), "partition": number(Optional(input.partition)),
                "first_offset": number(Optional(input.first)), "end_offset": number(Optional(input.end)),
                "next_offset": number(input.next),
            ])
        }
        return object([
            "topology": JSONValue(.string(topology)), "running": texts(running), "version": JSONValue(.string(version)),
            "hash": JSONValue(.string(hash)), "needs_approval": JSONValue(.bool(needsApproval)),
            "starts_over": JSONValue(.bool(startsOver)), "changes": JSONValue(.array(changes)), "inputs": JSONValue(.array(inputs)),
        ])
    }

    /// Nil: it is no plan, or one of another version of the program.
    public init?(json: JSONValue) {
        guard let topology = json["topology"]?.string, let running = json["running"]?.elements, let version = json["version"]?.string,
            let hash = json["hash"]?.string, let changes = json["changes"]?.elements, let inputs = json["inputs"]?.elements
        else { return nil }
        self.topology = topology
        self.running = running.compactMap(\.string)
        self.version = version
        self.hash = hash
        self.changes = changes.compactMap(Change.init(json:))
        self.inputs = inputs.compactMap(Input.init(json:))
        guard self.changes.count == changes.count, self.inputs.count == inputs.count else { return nil }
    }
}

extension UpgradePlan.Change {
    fileprivate init?(json: JSONValue) {
        guard let part = json["part"]?.string.flatMap(UpgradePlan.Part.init(rawValue:)), let name = json["name"]?.string,
            let verdict = json["verdict"]?.string.flatMap(UpgradePlan.Verdict.init(rawValue:)), let why = json["why"]?.elements,
            let loses = json["loses"]?.bool
        else { return nil }
        self.init(part, name, verdict, why: why.compactMap(\.string), loses: loses)
        stateBytes = json["state_bytes"]?.int.map { Int($0) }
        rows = json["rows"]?.int.map { Int($0) }
    }
}

extension UpgradePlan.Input {
    fileprivate init?(json: JSONValue) {
        guard let topic = json["topic"]?.string, let partition = json["partition"]?.int, let first = json["first_offset"]?.int,
            let end = json["end_offset"]?.int
        else { return nil }
        self.init(topic: topic, partition: Int(partition), first: first, end: end, next: json["next_offset"]?.int)
    }
}
