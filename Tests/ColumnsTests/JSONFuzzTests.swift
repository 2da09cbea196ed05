import Base
import Columns
import Foundation
import Testing

/// Bytes that end where an unreadable page begins: reading one past them ends the test process.
final class GuardedBytes {
    private let pages: UnsafeMutableRawPointer
    private let size = 1 << 16
    private let pageSize = Int(sysconf(Int32(_SC_PAGESIZE)))

    init() {
        pages = mmap(nil, size + pageSize, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)!
        mprotect(pages + size, pageSize, PROT_NONE)
    }

    deinit { munmap(pages, size + pageSize) }

    func with<R>(_ bytes: [UInt8], _ body: (UnsafePointer<UInt8>) -> R) -> R {
        precondition(bytes.count <= size, "the text fits the pages")
        let start = pages + size - bytes.count
        start.copyMemory(from: bytes, byteCount: bytes.count)
        return body(UnsafePointer(start.assumingMemoryBound(to: UInt8.self)))
    }
}

struct JSONFuzzTests {
    @Test func `whatever the bytes, a record is a row or a fault, and nothing beyond its end is read`() {
        var generator = RowGenerator(random: SeededRandom(seed: 21))
        let guarded = GuardedBytes()
        var taken = 0, refused = 0
        for _ in 0..<120 {
            let schema = generator.schema()
            let texts = JSONRowEncoder(type: schema.rowType).texts(generator.columns(schema.rowType, rows: 5))
            let decoder = JSONRecordDecoder(schema: schema)
            decoder.begin(capacity: 200)
            for _ in 0..<200 {
                var bytes = Array(texts[generator.random.below(texts.count)].utf8)
                for _ in 0..<generator.random.below(4) { mutate(&bytes, &generator.random) }
                let before = decoder.count
                let fault = guarded.with(bytes) { decoder.append($0, count: bytes.count) }
                #expect(decoder.count == before + (fault == nil ? 1 : 0))
                if let fault {
                    refused += 1
                    #expect(!fault.message.isEmpty && fault.position <= bytes.count)
                } else {
                    taken += 1
                }
            }
            let columns = decoder.finish()
            // What was taken is whole: it encodes and decodes again to the same rows.
            let again = decode(schema, JSONRowEncoder(type: schema.rowType).texts(columns))
            #expect(again.rows == rows(columns, schema.rowType))
        }
        #expect(taken > 5_000 && refused > 5_000)
    }

    @Test func `every cut of a record is refused and read no further than it goes`() {
        let text = Array(
            #"{"id":"é\u00e9\ud83d\ude00","n":-12.5e+3,"m":{"b":"x","a":"y"},"r":[true,false,null,{"k":1}],"t":"2026-01-05T00:00:00Z"}"#
                .utf8)
        let schema = Schema(
            name: "c",
            fields: [
                .init("id", .string), .init("n", .double), .init("m", .map), .init("t", .timestampMillis),
                .init("zz", .string, isNullable: true),
            ])
        let guarded = GuardedBytes()
        let decoder = JSONRecordDecoder(schema: schema)
        decoder.begin(capacity: text.count + 1)
        for length in 0..<text.count {
            let cut = Array(text[..<length])
            #expect(guarded.with(cut) { decoder.append($0, count: length) } != nil)
        }
        #expect(guarded.with(text) { decoder.append($0, count: text.count) } == nil)
        #expect(decoder.count == 1)
    }

    @Test func `the same texts are JSON to the decoder, to the tree and to Foundation`() {
        var random = SeededRandom(seed: 31)
        let seeds = [
            #"{"a":[1,-2.5,3e2,0.1E-1,true,false,null],"b":{"c":"d\n\"\\\/\u0041é","e":[]},"f":{},"":" "}"#,
            #" { "k" : [ [ ] , { } , "x" , 0 , -0 ] , "n" : 10 } "#,
        ].map { Array($0.utf8) }
        let decoderSchema = Schema(name: "none", fields: [])
        let decoder = JSONRecordDecoder(schema: decoderSchema)
        let guarded = GuardedBytes()
        var taken = 0
        decoder.begin(capacity: 30_000)
        for _ in 0..<30_000 {
            var bytes = seeds[random.below(seeds.count)]
            for _ in 0..<(1 + random.below(2)) { mutate(&bytes, &random, alphabet: Array("{}[]\",:\\0123456789.-+truefalsn \n\t/u".utf8)) }
            guard bytes.first(where: { $0 > 0x20 }) == UInt8(ascii: "{") else { continue }
            let isRow = guarded.with(bytes) { decoder.append($0, count: bytes.count) } == nil
            let tree = bytes.withUnsafeBufferPointer { JSONValue.parse($0) }
            let foundation = try? JSONSerialization.jsonObject(with: Data(bytes))
            let text = String(decoding: bytes, as: UTF8.self)
            if case .success = tree { #expect(isRow, "\(text)") } else { #expect(!isRow, "\(text)") }
            if isRow != (foundation != nil) {
                // Foundation takes a comma before a closing bracket, which RFC 8259 does not.
                #expect(!isRow && text.contains(#/,\s*[\]}]/#), "\(text)")
            }
            taken += isRow ? 1 : 0
        }
        #expect(taken > 3_000)
    }

    @Test func `the tree writes itself as text that reads as the same tree`() throws {
        let text = #"{"a":[1,-2.5,3e2,true,false,null],"b":{"c":"d\n\"\\é\u0001"},"b":{},"":""}"#
        let tree = try JSONValue.parse(text)
        #expect(tree.description == text)
        #expect(tree["a"]?.elements?[1].double == -2.5)
        #expect(tree["b"]?.members?.isEmpty == true)
        #expect(tree["a"]?.elements?[0].offset == 6)
    }

    private func mutate(_ bytes: inout [UInt8], _ random: inout SeededRandom, alphabet: [UInt8]? = nil) {
        func byte(_ random: inout SeededRandom) -> UInt8 {
            if let alphabet { return alphabet[random.below(alphabet.count)] }
            return random.below(2) == 0 ? UInt8(random.below(256)) : Array("{}[]\",:\\0123456789.-+eE \n".utf8)[random.below(25)]
        }
        guard !bytes.isEmpty else { return }
        let at = random.below(bytes.count)
        switch random.below(5) {
        case 0: bytes[at] = byte(&random)
        case 1: bytes.remove(at: at)
        case 2: bytes.insert(byte(&random), at: at)
        case 3:
            let end = min(bytes.count, at + 1 + random.below(12))
            bytes.insert(contentsOf: bytes[at..<end], at: random.below(bytes.count))
        default: bytes.removeSubrange(at..<min(bytes.count, at + 1 + random.below(12)))
        }
    }
}
