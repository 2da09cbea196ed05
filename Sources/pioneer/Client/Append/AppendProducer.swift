import Base

/// The names under which an input's batches are appended, so that the engine's memory of producers tells a later run
/// where to go on, without a file of ours.
///
/// An input that only grows is cut into *stretches*, each what one run found from where the run before had ended:
///
/// 1. A stretch that begins at byte `b` has full batches 1, 2, …, n. They go under the name `ID@b` with their numbers.
/// 2. The rest, a batch that is not full, goes under the name `ID@b/n`, with the byte where it ends as its number (a
///    producer's numbers may start anywhere). That byte begins the next stretch.
///
/// A full batch is the same whatever is added to the input later; only the rest is not, and its end is written down in
/// its number. So the engine's answers to "what was the last number of …" lead to the place where the run before
/// stopped, also when it was killed, and also when the input has grown since.
struct AppendProducer: Equatable {
    /// The engine takes names of up to 128 printable characters; the place takes up to 40 of them.
    static let idBytesMax = 80

    let id: String

    init(id: String) { self.id = id }

    func name(ofStretchAt start: Int) -> String { "\(id)@\(start)" }
    func name(ofRestAfter batches: Int64, stretchAt start: Int) -> String { "\(id)@\(start)/\(batches)" }

    /// Under this name the engine keeps, as a number, something that all runs of one input have to agree on.
    func name(ofFact fact: String) -> String { "\(id)!\(fact)" }

    /// A file's own: of the topic, the file's path and its first line (of a table, its first row too), so that the file may
    /// grow or be copied back, while a rotated log under the same path is another input.
    /// - Parameter making: whatever else decides what is made of the lines; empty where they go as they are.
    static func file(path: String, firstLine: some Sequence<UInt8>, making: String = "", topic: TopicName) -> AppendProducer {
        var hash = Fingerprint()
        hash.combinePart(topic.text.utf8)
        hash.combinePart(path.utf8)
        hash.combinePart(firstLine)
        if !making.isEmpty { hash.combinePart(making.utf8) }
        let name = path.split(separator: "/").last.map(String.init) ?? path
        let shown = name.unicodeScalars.filter { $0.isASCII && $0.value > 0x20 && $0.value < 0x7F && $0 != "@" && $0 != "/" }.suffix(40)
        return AppendProducer(id: "file:\(String(String.UnicodeScalarView(shown))):\(hash.hex)")
    }

    /// One that nobody had before.
    static func unique(_ kind: String, _ random: inout some RandomNumberGenerator) -> AppendProducer {
        AppendProducer(id: "\(kind):\(String(random.next(), radix: 16))")
    }
}

/// Where an append goes on.
struct AppendPosition: Equatable {
    /// Where the open stretch begins, in bytes.
    var stretch = 0
    /// Full batches of it that the engine has.
    var batches: Int64 = 0

    /// Follows the producer's stretches to the open one.
    /// - Parameter last: asks the engine for a producer's last number.
    /// - Complexity: two questions a stretch.
    static func find(_ producer: AppendProducer, last: (String) async throws -> Int64?) async throws -> AppendPosition {
        var position = AppendPosition()
        while true {
            position.batches = try await last(producer.name(ofStretchAt: position.stretch)) ?? 0
            let rest = producer.name(ofRestAfter: position.batches, stretchAt: position.stretch)
            guard let end = try await last(rest), end > position.stretch else { return position }
            position = AppendPosition(stretch: Int(end))
        }
    }
}
