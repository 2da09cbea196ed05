import Base
import Gzip
import Testing

@Suite struct GzipTests {
    private func compressed(_ bytes: [UInt8], parts: Int = 1) -> [UInt8] {
        let writer = GzipWriter()
        var output: [UInt8] = []
        let size = max(1, bytes.count / parts)
        for start in stride(from: 0, to: bytes.count, by: size) {
            Array(bytes[start..<min(bytes.count, start + size)]).withUnsafeBytes { writer.write($0, into: &output) }
        }
        writer.finish(into: &output)
        return output
    }

    private func plain(_ bytes: [UInt8], step: Int) throws -> [UInt8] {
        let reader = GzipReader()
        var output: [UInt8] = []
        for start in stride(from: 0, to: bytes.count, by: step) {
            try Array(bytes[start..<min(bytes.count, start + step)]).withUnsafeBytes { try reader.read($0, into: &output) }
        }
        try reader.finish()
        return output
    }

    @Test(arguments: [0, 1, 100, 65_536, 1_000_003]) func `what was compressed comes back, whatever the steps`(count: Int) throws {
        var random = SeededRandom(seed: UInt64(count))
        let bytes = (0..<count).map { _ in UInt8(truncatingIfNeeded: random.next() % 7) }
        let packed = compressed(bytes, parts: 3)
        for step in [1, 1_000, max(1, packed.count)] where step > 1 || count < 1_000 {
            #expect(try plain(packed, step: step) == bytes)
        }
        if count > 1_000 { #expect(packed.count < count / 2) }
    }

    @Test func `members one after another are one text`() throws {
        let packed = compressed(Array("one ".utf8)) + compressed(Array("two".utf8))
        for step in [1, 7, packed.count] { #expect(try plain(packed, step: step) == Array("one two".utf8)) }
    }

    @Test func `what was flushed can be read before the end`() throws {
        let writer = GzipWriter()
        var packed: [UInt8] = []
        Array("half".utf8).withUnsafeBytes { writer.write($0, into: &packed) }
        writer.flush(into: &packed)
        var output: [UInt8] = []
        try packed.withUnsafeBytes { try GzipReader().read($0, into: &output) }
        #expect(output == Array("half".utf8))
    }

    @Test func `data that ends early or is no gzip is refused with the remedy`() throws {
        let packed = compressed(Array("a longer text, so that there is something to lose".utf8))
        #expect(throws: EngineError.self) { _ = try plain(Array(packed.dropLast(3)), step: 5) }
        var broken = packed
        broken[packed.count - 6] ^= 0xFF
        #expect(throws: EngineError.self) { _ = try plain(broken, step: 5) }
        #expect(throws: EngineError.self) { _ = try plain(Array("plain text".utf8), step: 4) }
    }
}
