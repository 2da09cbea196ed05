import Base
import Testing

@testable import PostgresViews

@Suite struct AddressTests {
    @Test func `a password that breaks an address is in no message`() throws {
        for text in ["postgresql://u:secret@word@db/x", "postgresql://u:sec/ret@db/x", "postgresql://u:sec:ret@db:secret/x"] {
            let error = #expect(throws: EngineError.self) {
                _ = try PostgresViews(PostgresSettings(url: text))
            }
            #expect(error.map { !$0.description.contains("ret") } ?? false, "\(text): \(String(describing: error))")
        }
    }

    @Test func `a server that is not there is a transient error that names the place`() throws {
        let error = #expect(throws: EngineError.self) {
            _ = try PostgresViews(PostgresSettings(url: "postgresql://u:secret@127.0.0.1:1/x"))
        }
        #expect(error?.code == .viewUnreachable && error?.isTransient == true)
        #expect(error?.message.contains("secret") == false)
    }
}
