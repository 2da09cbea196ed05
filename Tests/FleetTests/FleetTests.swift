import Fleet
import Testing
