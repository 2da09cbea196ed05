import Base
import Testing

struct BytesTests {
    @Test func `what an arena writes a reader reads back, and no further`() {
        let arena = ByteArena(capacity: 1)
        arena.append(littleEndian: UInt32(0x0102_0304))
        arena.append(bigEndian: Int64(-2))
        arena.append(lengthPrefixed: "né")
        arena.append(byte: 7)
        #expect(Array(arena.bytes.prefix(4)) == [4, 3, 2, 1])
        var reader = ByteReader(UnsafeRawBufferPointer(arena.bytes))
        #expect(reader.littleEndian(UInt32.self) == 0x0102_0304)
        #expect(reader.bigEndian(Int64.self) == -2)
        #expect(reader.lengthPrefixedString() == "né")
        #expect(reader.remaining == 1)
        #expect(reader.littleEndian(UInt16.self) == nil)
        #expect(reader.take(2) == nil)
        #expect(reader.take(-1) == nil)
        #expect(reader.take(1).map(Array.init) == [7])
        #expect(reader.isAtEnd)
        #expect(reader.take(0)?.isEmpty == true)
        #expect(reader.littleEndian(UInt8.self) == nil)
    }

    @Test func `a length that lies reads as nil`() {
        let arena = ByteArena()
        arena.append(littleEndian: UInt32.max)
        arena.append("ab")
        var reader = ByteReader(UnsafeRawBufferPointer(arena.bytes))
        #expect(reader.lengthPrefixedString() == nil)
    }

    @Test func `an arena keeps its bytes as it grows and forgets those cut off`() {
        let arena = ByteArena(capacity: 1)
        var offsets: [Int] = []
        for i in 0..<1_000 { offsets.append(arena.append("text \(i);")) }
        #expect(String(decoding: arena.bytes[offsets[500]..<offsets[501]], as: UTF8.self) == "text 500;")
        arena.truncate(to: offsets[1])
        #expect(String(decoding: arena.bytes, as: UTF8.self) == "text 0;")
        arena.removeAll()
        #expect(arena.bytes.isEmpty)
    }
}

struct NearestNameTests {
    @Test func `a slip of the fingers is named, something else is not`() {
        let names = ["filter", "from", "window", "aggregate"]
        #expect(nearestName(to: "frm", among: names) == "from")
        #expect(nearestName(to: "fliter", among: names) == "filter")
        #expect(nearestName(to: "agregate", among: names) == "aggregate")
        #expect(nearestName(to: "winodw", among: names) == "window")
        #expect(nearestName(to: "elephant", among: names) == nil)
        #expect(nearestName(to: "x", among: names) == nil)
        #expect(nearestName(to: "", among: []) == nil)
    }
}

struct TopicNameTests {
    @Test(arguments: ["cloud.metrics", "a", "A-b_c.9", String(repeating: "x", count: 249)])
    func `topic names are Kafka's`(text: String) { #expect(TopicName(text)?.text == text) }

    @Test(arguments: ["", ".", "..", "a b", "é", "a/b", String(repeating: "x", count: 250)])
    func `other texts are no topic names`(text: String) { #expect(TopicName(text) == nil) }
}
