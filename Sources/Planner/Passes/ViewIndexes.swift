public import Base
import Columns
import TopologyFile

extension ErrorCode {
    public static let indexType = ErrorCode("topology.index_type")
    public static let indexNeedless = ErrorCode("topology.index_needless")
}

/// Pass 5, views: their further indexes.
extension Planner {
    /// The columns of a view's indexes: of types that have an order, and none that another index makes needless. The key has
    /// one of its own, which also finds rows by the key's first columns.
    static func indexColumns(of view: ViewSpecification, key: [Int], _ type: RowType, _ findings: FindingCollector) -> [[Int]]? {
        let name = view.name.value
        guard view.indexes.count <= PlanLimits.viewIndexesMax else {
            findings.add(
                .tooMany, "view '\(name)' has \(view.indexes.count) indexes",
                remedy: "At most \(PlanLimits.viewIndexesMax): each is written with every row.",
                at: view.indexes[PlanLimits.viewIndexesMax].first?.location ?? view.name.location)
            return nil
        }
        var found: [[Int]] = []
        for fields in view.indexes {
            guard let columns = columns(ofIndex: fields, in: view, type, findings) else { continue }
            let text = "[\(fields.map(\.value).joined(separator: ", "))]"
            let location = fields.first?.location ?? view.name.location
            if key.starts(with: columns) {
                findings.add(
                    .indexNeedless, "the key of view '\(name)' \(columns == key ? "is" : "begins with") \(text), and has an index anyway",
                    remedy: "Remove \(text) from the indexes.", at: location)
            } else if found.contains(columns) {
                findings.add(.indexNeedless, "view '\(name)' has the index \(text) twice", remedy: "Remove one of the two.", at: location)
            } else {
                found.append(columns)
            }
        }
        return found.count == view.indexes.count ? found : nil
    }

    private static func columns(
        ofIndex fields: [Located<String>], in view: ViewSpecification, _ type: RowType, _ findings: FindingCollector
    ) -> [Int]? {
        guard fields.count <= PlanLimits.indexColumnsMax else {
            findings.add(
                .tooMany, "an index of view '\(view.name.value)' has \(fields.count) fields",
                remedy: "At most \(PlanLimits.indexColumnsMax).", at: fields[PlanLimits.indexColumnsMax].location)
            return nil
        }
        let columns = fields.compactMap { field -> Int? in
            guard let index = column(field, of: type, "'\(view.from.value)'", findings) else { return nil }
            guard type.columns[index].type != .map else {
                findings.add(
                    .indexType, "'\(field.value)' is a map, and cannot be part of an index",
                    remedy: "With a map before the view, take what is asked for out of it into a field of its own.", at: field.location)
                return nil
            }
            return index
        }
        return columns.count == fields.count ? columns : nil
    }
}
