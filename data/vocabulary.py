"""Keep the closed lists of the domain: levels, kinds, channels, states, slots.

Codes only; labels in both languages stand in `dashboard/text`. Sources: domain note 2.3-2.10.
"""

from enum import StrEnum


class PlaceLevel(StrEnum):
    """Levels of the tree of places, from the top; stations stand beside it."""

    PROVINCE = "province"
    CITY = "city"
    COUNTY = "county"
    SUBDISTRICT = "subdistrict"
    COMMUNITY = "community"
    GRID = "grid"
    STATION = "station"


TREE_LEVELS = (
    PlaceLevel.PROVINCE,
    PlaceLevel.CITY,
    PlaceLevel.COUNTY,
    PlaceLevel.SUBDISTRICT,
    PlaceLevel.COMMUNITY,
    PlaceLevel.GRID,
)


class GridKind(StrEnum):
    """Base grids tile; exclusive and micro grids lie over or inside them."""

    BASE = "base"
    EXCLUSIVE = "exclusive"
    MICRO = "micro"


class CommunityKind(StrEnum):
    """What a community is administratively."""

    COMMUNITY = "community"
    VILLAGE = "village"
    RELOCATION = "relocation_community"


class IncidentKind(StrEnum):
    """Main kinds of incidents (警情), by two-digit code."""

    CRIMINAL = "10"
    FRAUD = "11"
    PUBLIC_ORDER = "20"
    TRAFFIC = "30"
    DISPUTE_CALL = "40"
    HELP = "50"
    DISASTER = "60"
    CROWD = "70"
    TIP = "80"
    OTHER = "90"


class HazardKind(StrEnum):
    """Kinds of hazards (隐患)."""

    FIRE = "H10"
    EBIKE = "H11"
    ELECTRICITY = "H20"
    GAS = "H30"
    BUILDING = "H40"
    ROAD = "H50"
    NATURAL = "H60"
    SECURITY = "H70"
    FACILITY = "H80"
    OTHER = "H90"


class DisputeKind(StrEnum):
    """Kinds of disputes (矛盾纠纷)."""

    FAMILY = "family"
    NEIGHBOUR = "neighbour"
    PROPERTY = "property"
    HOUSING = "housing"
    LAND = "land"
    DEMOLITION = "demolition"
    LABOUR = "labour"
    DAMAGE = "damage"
    CONTRACT = "contract"
    CONSUMER = "consumer"
    MEDICAL = "medical"
    TRAFFIC = "traffic"
    ENVIRONMENT = "environment"
    CAMPUS = "campus"
    VILLAGE = "village_affairs"
    PUBLIC_SPACE = "public_space"
    OTHER = "other"


class Severity(StrEnum):
    """Risk grade, red to blue."""

    MAJOR = "major"
    SERIOUS = "serious"
    GENERAL = "general"
    LOW = "low"


class ChannelGroup(StrEnum):
    """How a thing came to be known; decisive for hotspots (domain note 6.4)."""

    REPORTED = "reported"
    DISCOVERED = "discovered"
    SENSED = "sensed"
    ASSIGNED = "assigned"
    UNKNOWN = "unknown"


CHANNEL_GROUPS: dict[str, ChannelGroup] = {
    "call_110": ChannelGroup.REPORTED,
    "hotline_12345": ChannelGroup.REPORTED,
    "scan": ChannelGroup.REPORTED,
    "visit_or_phone": ChannelGroup.REPORTED,
    "tip": ChannelGroup.REPORTED,
    "media": ChannelGroup.REPORTED,
    "grid_inspection": ChannelGroup.DISCOVERED,
    "police_visit": ChannelGroup.DISCOVERED,
    "patrol": ChannelGroup.DISCOVERED,
    "special_survey": ChannelGroup.DISCOVERED,
    "smoke_alarm": ChannelGroup.SENSED,
    "video": ChannelGroup.SENSED,
    "sensor": ChannelGroup.SENSED,
    "superior": ChannelGroup.ASSIGNED,
    "department": ChannelGroup.ASSIGNED,
    "unknown": ChannelGroup.UNKNOWN,
}
"""Channel → group (domain note 2.10)."""


class CaseStatus(StrEnum):
    """States of hazards and disputes (domain note 2.9)."""

    REPORTED = "reported"
    ACCEPTED = "accepted"
    NOT_ACCEPTED = "not_accepted"
    FILED = "filed"
    DISPATCHED = "dispatched"
    HANDLING = "handling"
    HANDLED = "handled"
    VERIFIED = "verified"
    CLOSED = "closed"
    RETURNED = "returned"
    REWORK = "rework"
    EXTENDED = "extended"
    SUSPENDED = "suspended"
    VOID = "void"


CLOSED_STATES = frozenset({CaseStatus.CLOSED, CaseStatus.VERIFIED})
"""States that count as 办结."""
UNCOUNTED_STATES = frozenset({CaseStatus.VOID, CaseStatus.NOT_ACCEPTED})
"""States that are neither open nor closed."""


class HolderKind(StrEnum):
    """Office-holders; residents are never stored."""

    POLICE = "police"
    AUXILIARY = "auxiliary"
    GRID_MEMBER = "grid_member"
    BUILDING_LEADER = "building_leader"
    VOLUNTEER = "volunteer"
    PARTNER = "partner"


class Position(StrEnum):
    """Positions that appointments fill."""

    BEAT_OFFICER = "beat_officer"
    BEAT_CHIEF = "beat_chief"
    DEPUTY_SECRETARY = "deputy_secretary"
    STATION_DIRECTOR = "station_director"
    GRID_LEADER = "grid_leader"
    FULL_TIME_MEMBER = "full_time_member"
    PART_TIME_MEMBER = "part_time_member"
    PROPERTY_COMPANY = "property_company"
    OWNERS_COMMITTEE = "owners_committee"
    RESIDENTS_COMMITTEE = "residents_committee"
    PARTY_BRANCH = "party_branch"
    BUILDING_LEADER = "building_leader"
    VOLUNTEER = "volunteer"
    OTHER = "other"


class TimeFlag(StrEnum):
    """Why a record's times are kept out of durations."""

    CLOSED_BEFORE_CREATED = "closed_before_created"
    BEFORE_1990 = "before_1990"
    IN_FUTURE = "in_future"
    DATE_ONLY = "date_only"
    TIME_BAND = "time_band"
    MONTH_ONLY = "month_only"


class EventLayer(StrEnum):
    """The three kinds of things that happen and are counted."""

    INCIDENTS = "incidents"
    HAZARDS = "hazards"
    DISPUTES = "disputes"


class CaseLevel(StrEnum):
    """Where a case lies, or was closed: 小事不出网格, 大事不出社区, 难事不出街道."""

    GRID = "grid"
    COMMUNITY = "community"
    SUBDISTRICT = "subdistrict"
    COUNTY = "county"


class CaseLoop(StrEnum):
    """Which closed loop carries a case: the police's small one or the joint large one."""

    POLICE = "police"
    JOINT = "joint"


class BuildingKind(StrEnum):
    """What a building is used for."""

    RESIDENTIAL = "residential"
    COMMERCIAL = "commercial"
    SCHOOL = "school"
    HOSPITAL = "hospital"
    OFFICE = "office"
    OTHER = "other"


class DeviceKind(StrEnum):
    """Devices that watch a place."""

    SMOKE_ALARM = "smoke_alarm"
    GAS_ALARM = "gas_alarm"
    CAMERA = "camera"
    CHARGING_PILE = "charging_pile"
    PANIC_BUTTON = "panic_button"
    OTHER = "other"


class DeviceStatus(StrEnum):
    """Whether a device answers."""

    ONLINE = "online"
    OFFLINE = "offline"
    FAULTY = "faulty"
    UNKNOWN = "unknown"


class ServicePointKind(StrEnum):
    """Where the public is served, or where a contact card should hang."""

    SERVICE_WINDOW = "service_window"
    POLICE_ROOM = "police_room"
    MEDIATION_STATION = "mediation_station"
    HOSPITAL_OFFICE = "hospital_office"
    SELF_SERVICE = "self_service"
    QUICK_RESPONSE = "quick_response"
    COMMUNITY_OFFICE = "community_office"
    SCHOOL = "school"
    MALL = "mall"
    OTHER = "other"


class PatrolTargetKind(StrEnum):
    """What a patrol owes: a point to reach or a line to walk."""

    MUST_POINT = "must_point"
    MUST_LINE = "must_line"


class StopKind(StrEnum):
    """Why a team stopped somewhere."""

    PATROL = "patrol"
    INSPECTION = "inspection"
    VISIT = "visit"
    RECHECK = "recheck"


class DutyKind(StrEnum):
    """Families of duty."""

    PATROL = "patrol"
    MEDIATION = "mediation"
    HAZARD_SURVEY = "hazard_survey"
    REGISTRATION = "registration"
    PARTY_BUILDING = "party_building"
    JOINT_PREVENTION = "joint_prevention"
    CIVILISED_CITY = "civilised_city"
    RECEPTION = "reception"
    OTHER = "other"


class MeetingKind(StrEnum):
    """Meetings of a community."""

    JOINT = "joint"
    WEEKLY = "weekly"
    TWO_COMMITTEES = "two_committees"
    RESIDENTS = "residents"
    OTHER = "other"


class MeetingParty(StrEnum):
    """Kinds of bodies that sit at a meeting."""

    RESIDENTS_COMMITTEE = "residents_committee"
    PARTY_BRANCH = "party_branch"
    OWNERS_COMMITTEE = "owners_committee"
    PROPERTY_COMPANY = "property_company"
    POLICE = "police"
    SUBDISTRICT = "subdistrict"
    DEPARTMENT = "department"
    PARTNER = "partner"


class DebriefBody(StrEnum):
    """To whom an officer debriefs (双述职)."""

    CITY_POLICE = "city_police"
    SUBDISTRICT_COMMITTEE = "subdistrict_committee"


class AppraisalKind(StrEnum):
    """Parts of the appraisal (双考核, and the community's own view)."""

    DUTY = "duty"
    PROFESSIONAL = "professional"
    COMMUNITY = "community"


class ProgrammeStatus(StrEnum):
    """How far a tile of a programme board has come."""

    NOT_STARTED = "not_started"
    IN_BUILD = "in_build"
    IN_PLACE = "in_place"


class AreaGradeColour(StrEnum):
    """Monthly grade of an area, best to worst (五色图)."""

    GREEN = "green"
    BLUE = "blue"
    YELLOW = "yellow"
    RED = "red"
    BLACK = "black"


class TargetUnit(StrEnum):
    """What a plan figure counts in."""

    COUNT = "count"
    SHARE = "share"


class RegisterLayer(StrEnum):
    """Registers of things and work that are imported row by row."""

    BUILDINGS = "buildings"
    DEVICES = "devices"
    SERVICE_POINTS = "service_points"
    PATROL_TARGETS = "patrol_targets"
    PATROL_STOPS = "patrol_stops"
    DUTY_SHIFTS = "duty_shifts"
    MEETINGS = "meetings"
    TALKS = "talks"
    DEBRIEFS = "debriefs"
    APPRAISALS = "appraisals"
    AGREEMENTS = "agreements"
    TARGETS = "targets"
    CAMPAIGNS = "campaigns"
    PROGRAMMES = "programmes"
    AREA_GRADES = "area_grades"
