import Base
import Testing

struct HashingTests {
    /// The vectors of Apache Kafka's own `UtilsTest.testMurmur2`.
    @Test(arguments: [
        ("21", -973_932_308), ("foobar", -790_332_482), ("a-little-bit-long-string", -985_981_536),
        ("a-little-bit-longer-string", -1_486_304_829),
        ("lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58_897_971), ("abc", 479_470_107),
    ])
    func `murmur2 hashes as Java clients do`(text: String, hash: Int32) {
        var text = text
        #expect(text.withUTF8 { Hashing.murmur2($0) } == hash)
        #expect(text.withUTF8 { Hashing.partition(of: $0, among: 7).number } == (hash & 0x7fff_ffff) % 7)
    }

    @Test func `the table hash of texts depends on every byte, the length and the seed`() {
        var seen: Set<UInt64> = []
        var count = 0
        for length in 0...24 {
            var bytes = Array(repeating: UInt8(ascii: "a"), count: max(1, length))
            for seed in [UInt64(0), 1] {
                seen.insert(Hashing.table(bytes, count: length, seed: seed))
                count += 1
            }
            for i in 0..<length {
                bytes[i] = UInt8(ascii: "b")
                seen.insert(Hashing.table(bytes, count: length))
                bytes[i] = UInt8(ascii: "a")
                count += 1
            }
        }
        #expect(seen.count == count)
    }
}

struct SeededRandomTests {
    @Test func `a seed gives the published numbers of SplitMix64`() {
        var random = SeededRandom(seed: 1_234_567)
        #expect((0..<3).map { _ in random.next() } == [6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423])
    }

    @Test func `bounded numbers stay within and reach their bounds`() {
        var random = SeededRandom(seed: 9)
        var seen: Set<Int> = []
        for _ in 0..<2_000 {
            seen.insert(random.below(7))
            let unit = random.unit()
            #expect(unit >= 0 && unit < 1)
        }
        #expect(seen == Set(0..<7))
    }
}
