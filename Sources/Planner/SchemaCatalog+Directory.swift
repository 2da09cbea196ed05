import Base
import Columns
import TopologyFile

extension SchemaCatalog {
    private static let suffix = ".avsc"

    /// The schemas of a directory: its files `NAME.avsc`. One that is not there holds none, and messages name it.
    public static func directory(_ path: String) -> SchemaCatalog {
        let all = TextFile.names(inDirectory: path)
        let names = (all ?? []).filter { $0.hasSuffix(suffix) }.map { String($0.dropLast(suffix.count)) }
        return SchemaCatalog(place: "'\(path)'", names: names, isMissing: all == nil) { name in
            let file = path + "/" + name + suffix
            switch TextFile.read(path: file) {
            case .failure(let fault): return SchemaReading(schema: nil, findings: [fault.finding])
            case .success(let text):
                let (schema, findings) = AvroSchemaParser.parse(text, file: file)
                return SchemaReading(schema: schema, findings: findings)
            }
        }
    }

    /// The schemas beside a topology: `../schemas`, seen from the directory it is in.
    public static func beside(topologyPath path: String) -> SchemaCatalog {
        guard let slash = path.lastIndex(of: "/") else { return directory("../schemas") }
        let parent = path[..<slash]
        guard let upper = parent.lastIndex(of: "/") else {
            return directory(parent.isEmpty || parent == "." || parent == ".." ? parent + "/../schemas" : "schemas")
        }
        return directory(parent.hasSuffix("/..") ? parent + "/../schemas" : parent[..<upper] + "/schemas")
    }
}
