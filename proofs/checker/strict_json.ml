(* JSON and numbers read strictly, so that no two readers can take a file for different things. Each value knows its place. *)

exception Malformed of string

type step = Field of string | Item of int
type value = { steps : step list; held : Yojson.Raw.t }

let place steps =
  let written = function Field name -> "." ^ name | Item number -> Printf.sprintf "[%d]" number in
  let path = String.concat "" (List.rev_map written steps) in
  if path <> "" && path.[0] = '.' then String.sub path 1 (String.length path - 1) else path

let fail value complaint =
  match place value.steps with "" -> raise (Malformed complaint) | path -> raise (Malformed (path ^ ": " ^ complaint))

let need condition value complaint = if not condition then fail value complaint

(* ---- Texts ---- *)

let is_utf_8 text =
  let length = String.length text in
  let within at low high = at < length && low <= text.[at] && text.[at] <= high in
  let rec from at =
    let more low high count =
      within (at + 1) low high && List.for_all (fun k -> within (at + k) '\x80' '\xBF') (List.init (count - 1) (fun k -> k + 2)) && from (at + 1 + count)
    in
    at = length
    ||
    match text.[at] with
    | '\x00' .. '\x7F' -> from (at + 1)
    | '\xC2' .. '\xDF' -> more '\x80' '\xBF' 1
    | '\xE0' -> more '\xA0' '\xBF' 2
    | '\xED' -> more '\x80' '\x9F' 2
    | '\xE1' .. '\xEF' -> more '\x80' '\xBF' 2
    | '\xF0' -> more '\x90' '\xBF' 3
    | '\xF4' -> more '\x80' '\x8F' 3
    | '\xF1' .. '\xF3' -> more '\x80' '\xBF' 3
    | _ -> false
  in
  from 0

(* A literal of the file, with its quotes. *)
let decoded literal =
  if String.contains literal '\\' then
    match Yojson.Safe.from_string literal with
    | `String text when is_utf_8 text -> text
    | _ | (exception Yojson.Json_error _) -> raise (Malformed ("not a text: " ^ literal))
  else String.sub literal 1 (String.length literal - 2)

(* The library also takes comments, names without quotes, tuples, variants, NaN and infinities: these are not JSON. *)
let need_plain text =
  let inside = ref false and escaped = ref false and last = ref ' ' in
  let refuse at what = raise (Malformed (Printf.sprintf "byte %d: %s" at what)) in
  let outside at = function
    | '"' -> inside := true
    | ':' -> if !last <> '"' then refuse at "a name without quotes"
    | '{' | '}' | '[' | ']' | ',' | '0' .. '9' | '+' | '-' | '.' | 'a' .. 'z' | 'E' | ' ' | '\t' | '\r' | '\n' -> ()
    | _ -> refuse at "not JSON"
  in
  let within at c =
    if !escaped then escaped := false
    else if c = '\\' then escaped := true
    else if c = '"' then inside := false
    else if c < ' ' then refuse at "a control character in a text"
  in
  let look at c =
    (if !inside then within else outside) at c;
    if c > ' ' then last := c
  in
  String.iteri look text

let rec need_unique value =
  match value.held with
  | `Assoc fields ->
      let seen = Hashtbl.create (List.length fields) in
      let look (name, held) =
        need (is_utf_8 name) value "half of a surrogate pair";
        need (not (Hashtbl.mem seen name)) value (Printf.sprintf "%S occurs twice" name);
        Hashtbl.add seen name ();
        need_unique { steps = Field name :: value.steps; held }
      in
      List.iter look fields
  | `List items -> List.iteri (fun k held -> need_unique { steps = Item k :: value.steps; held }) items
  | `Stringlit literal -> ignore (decoded literal)
  | _ -> ()

let parse text =
  if not (is_utf_8 text) then raise (Malformed "not a text in UTF-8");
  need_plain text;
  let held = try Yojson.Raw.from_string text with Yojson.Json_error what -> raise (Malformed what) in
  need_unique { steps = []; held };
  { steps = []; held }

(* ---- Shapes ---- *)

let list value =
  match value.held with
  | `List items -> List.mapi (fun k held -> { steps = Item k :: value.steps; held }) items
  | _ -> fail value "a list is needed"

let fields value =
  match value.held with
  | `Assoc fields -> List.map (fun (name, held) -> (name, { steps = Field name :: value.steps; held })) fields
  | _ -> fail value "an object is needed"

(* The fields of an object that has all that are needed, and none but these and optional ones: a function from names. *)
let record value needed optional =
  let found = fields value in
  let known (name, inner) = need (List.mem name needed || List.mem name optional) inner "no such field" in
  List.iter known found;
  List.iter (fun name -> need (List.mem_assoc name found) value (Printf.sprintf "%S is missing" name)) needed;
  fun name -> List.assoc_opt name found

let text value = match value.held with `Stringlit literal -> decoded literal | _ -> fail value "a text is needed"
let constant expected value = need (text value = expected) value (Printf.sprintf "%S is needed" expected)

(* ---- Numbers ---- *)

let largest_power = Z.of_int 256
let longest = 4000

let is_digit c = '0' <= c && c <= '9'

type number = { digits : string; decimals : int; exponent : string; below : string option }

(* The parts of `-1/2` or `-1.5e-3`; nothing if it is not written so. *)
let parts text =
  let length = String.length text in
  let is at set = at < length && String.contains set text.[at] in
  let rec digits at = if at < length && is_digit text.[at] then digits (at + 1) else at in
  let after_sign at = if is at "+-" then at + 1 else at in
  let between first last = String.sub text first (last - first) in
  let unsigned first last = if first < last && text.[first] = '+' then between (first + 1) last else between first last in
  let start = after_sign 0 in
  let whole = digits start in
  if whole = start then None
  else if is whole "/" then
    let last = digits (whole + 1) in
    if last > whole + 1 && last = length then
      Some { digits = unsigned 0 whole; decimals = 0; exponent = "0"; below = Some (between (whole + 1) last) }
    else None
  else
    let point = if is whole "." then digits (whole + 1) else whole in
    let has_exponent = is point "eE" in
    let first = after_sign (point + 1) in
    let last = if has_exponent then digits first else point in
    if last < length || point = whole + 1 || (has_exponent && last = first) then None
    else
      let decimals = max 0 (point - whole - 1) in
      let fraction = if decimals = 0 then "" else between (whole + 1) point in
      let exponent = if has_exponent then unsigned (point + 1) last else "0" in
      Some { digits = unsigned 0 whole ^ fraction; decimals; exponent; below = None }

let rational_of value text =
  need (String.length text <= longest) value "a number of too many digits";
  match parts text with
  | None -> fail value "not a rational number"
  | Some { digits; below = Some below; _ } ->
      let below = Z.of_string below in
      need (Z.sign below > 0) value "a zero denominator";
      Q.make (Z.of_string digits) below
  | Some { digits; decimals; exponent; below = None } ->
      let shift = Z.sub (Z.of_string exponent) (Z.of_int decimals) in
      need (Z.leq (Z.abs shift) (Z.of_int longest)) value "a number of too many digits";
      let power = Z.pow (Z.of_int 10) (Z.to_int (Z.abs shift)) in
      if Z.sign shift < 0 then Q.make (Z.of_string digits) power else Q.of_bigint (Z.mul (Z.of_string digits) power)

let rational value = rational_of value (text value)

(* In a network, a text is exact and a number of JSON is the double that it denotes. *)
let number value =
  match value.held with
  | `Intlit literal | `Floatlit literal ->
      need (parts literal <> None) value "not a number of JSON";
      let double = float_of_string literal in
      need (Float.is_finite double) value "too large a number";
      Q.of_float double
  | `Stringlit _ -> rational value
  | _ -> fail value "a number is needed"

let power_of value power =
  need (Z.leq (Z.max (Z.abs (Q.num power)) (Q.den power)) largest_power) value "a power is too large";
  power

let power value = power_of value (number value)

let integer value =
  match value.held with
  | `Intlit literal ->
      let number = Z.of_string literal in
      need (Z.fits_int64 number) value "too large a number";
      number
  | _ -> fail value "an integer is needed"

let natural value =
  let number = integer value in
  need (Z.sign number >= 0) value "a negative number";
  number

let dictionary read value = List.map (fun (name, inner) -> (name, read inner)) (fields value)
let many read value = List.map read (list value)
