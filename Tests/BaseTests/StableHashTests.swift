import Base
import Testing

@Test func `the hash tells apart how texts are split`() {
    func hash(_ texts: [String]) -> String {
        var hash = StableHash()
        hash.combine(texts)
        return hash.hex
    }
    #expect(hash(["ab", "c"]) != hash(["a", "bc"]))
    #expect(hash([]) != hash([""]))
    #expect(hash(["a"]) == hash(["a"]))
    #expect(StableHash().hex == "6c62272e07bb014262b821756295c58d")
}

@Test func `the hash of eight bytes is the one published for FNV-1a`() {
    var hash = StableHash()
    hash.combine(0x61)
    #expect(hash.hex == "a728fc43ec659b4f1bbbd726dc45f86c")
}
