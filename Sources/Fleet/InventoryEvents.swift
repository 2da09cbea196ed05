public import Base

extension Fleet {
    /// The machine's event in the schema `machine`, a JSON line with its line feed.
    public func machineLine(_ index: Int, observedAt: EventTime) -> String {
        let machine = machines[index], price = machine.price
        return #"{"resource_id":"\#(machine.id)","observed_at":"\#(observedAt)","name":"\#(machine.name)","provider":"\#(price.provider)","#
            + #""region":"\#(price.region)","type":"\#(price.type)","sku":"\#(price.sku)","vcpus":\#(price.vcpus),"#
            + #""memory_bytes":\#(price.memoryBytes),"team":"\#(machine.team)","tags":{"timezone":"\#(machine.timeZone)","#
            + #""environment":"\#(machine.environment)","role":"\#(machine.role)"},"usd_per_hour":\#(price.usdPerHour)}"# + "\n"
    }
}

extension ListPrice {
    /// The price's event in the schema `price`, a JSON line with its line feed.
    public func line(observedAt: EventTime) -> String {
        #"{"sku":"\#(sku)","observed_at":"\#(observedAt)","provider":"\#(provider)","region":"\#(region)","type":"\#(type)","#
            + #""usd_per_hour":\#(usdPerHour),"priced_on":"\#(pricedOn)","source":"\#(source)"}"# + "\n"
    }
}
